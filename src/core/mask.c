/* SPDX-License-Identifier: MIT */
/*
 * Sets of CPUs, each different one stored once. A descriptor holds 32 bits: a
 * CPU, or the handle of an entry here. An entry does not change while somebody
 * holds a reference, so its words are read without a lock.
 *
 * Lock: M (ferry_mask_pool.lock), a leaf below I.
 */
#include "core/core.h"

/* Bits of word w that are CPUs of this machine. */
static uint64_t valid_word(const struct ferry *f, uint32_t w)
{
	uint32_t left = f->ncpus - w * 64;

	return left >= 64 ? ~0ull : (1ull << left) - 1;
}

static uint32_t handle_index(ferry_set set)
{
	return (set & ~FERRY_SET_MASK) - 1;
}

uint64_t ferry_set_word(const struct ferry *f, ferry_set set, uint32_t w)
{
	if (set == FERRY_SET_ALL)
		return valid_word(f, w);
	if (set == FERRY_SET_NONE)
		return 0;
	if (set & FERRY_SET_MASK)
		return f->masks.words[(size_t)handle_index(set) * f->nwords + w];
	return set / 64 == w ? 1ull << (set % 64) : 0;
}

bool ferry_mask_has(const struct ferry *f, ferry_set set, uint32_t cpu)
{
	return ferry_set_word(f, set, cpu / 64) >> (cpu % 64) & 1;
}

uint32_t ferry_set_next(const struct ferry *f, ferry_set set, uint32_t from)
{
	uint64_t used;

	if (!(set & FERRY_SET_MASK) || set == FERRY_SET_NONE)
		return from <= set ? set : FERRY_NONE;
	ferry_set_words(f, set, &used);
	while (from < f->ncpus) {
		uint64_t word = ferry_set_word(f, set, from / 64) >> (from % 64);

		if (word)
			return from + (uint32_t)__builtin_ctzll(word);
		/* Whole words are empty, of most sets most. */
		used &= ~1ull << (from / 64);
		if (!used)
			break;
		from = (uint32_t)__builtin_ctzll(used) * 64;
	}
	return FERRY_NONE;
}

bool ferry_set_online(struct ferry *f, ferry_set set, uint32_t except)
{
	FERRY_FOR_EACH_CPU(f, set, c)
		if (c != except && ferry_cpu_state(f, c) == FERRY_CPU_ONLINE)
			return true;
	return false;
}

static bool same_mask(const struct ferry *f, uint32_t entry, const uint64_t *mask)
{
	const uint64_t *words = &f->masks.words[(size_t)entry * f->nwords];

	for (uint32_t w = 0; w < f->nwords; w++)
		if ((words[w] ^ mask[w]) & valid_word(f, w))
			return false;
	return true;
}

/* The entry of this mask, or a new one; index + 1, 0 if the pool is full. */
static uint32_t find_or_add(struct ferry *f, const uint64_t *mask, uint32_t hash)
{
	struct ferry_mask_pool *p = &f->masks;
	uint32_t *bucket = &p->buckets[hash % (p->size + 1)], e;

	for (e = *bucket; e; e = p->entries[e - 1].next)
		if (p->entries[e - 1].hash == hash && same_mask(f, e - 1, mask))
			break;
	if (!e && p->free) {
		e = p->free;
		p->free = p->entries[e - 1].next;
		p->entries[e - 1].hash = hash;
		p->entries[e - 1].next = *bucket;
		*bucket = e;
		p->entries[e - 1].used = 0;
		for (uint32_t w = 0; w < f->nwords; w++) {
			uint64_t word = mask[w] & valid_word(f, w);

			p->words[(size_t)(e - 1) * f->nwords + w] = word;
			p->entries[e - 1].used |= (uint64_t)(word != 0) << w;
		}
	}
	if (e)
		p->entries[e - 1].refs++;
	return e;
}

int ferry_set_make(struct ferry *f, const uint64_t *mask, ferry_set *set)
{
	bool all = true, several = false;
	uint32_t hash = 0, e;

	*set = mask ? FERRY_SET_NONE : FERRY_SET_ALL;
	if (!mask)
		return FERRY_OK;
	for (uint32_t w = 0; w < f->nwords; w++) {
		uint64_t word = mask[w] & valid_word(f, w);

		hash = (hash ^ (uint32_t)(word >> 32) * 31 ^ (uint32_t)word) * 0x9e3779b1u;
		all = all && word == valid_word(f, w);
		several = several || (word & (word - 1)) || (word && *set != FERRY_SET_NONE);
		if (word)
			*set = w * 64 + (uint32_t)__builtin_ctzll(word);
	}
	if (*set == FERRY_SET_NONE)
		return FERRY_E_NO_CPU;
	if (several && all)
		*set = FERRY_SET_ALL;
	if (!several || all)
		return FERRY_OK;

	ferry_host_lock(f->ctx, &f->masks.lock);
	e = find_or_add(f, mask, hash);
	ferry_host_unlock(f->ctx, &f->masks.lock);
	if (!e)
		return FERRY_E_NO_MASK;
	*set = FERRY_SET_MASK | e;
	return FERRY_OK;
}

/* Only handles other than "all" and "none" are counted. */
static bool counted(ferry_set set)
{
	return (set & FERRY_SET_MASK) && set != FERRY_SET_ALL && set != FERRY_SET_NONE;
}

void ferry_set_put(struct ferry *f, ferry_set set)
{
	struct ferry_mask_pool *p = &f->masks;
	uint32_t e = handle_index(set), *link;

	if (!counted(set))
		return;
	ferry_host_lock(f->ctx, &p->lock);
	if (--p->entries[e].refs == 0) {
		link = &p->buckets[p->entries[e].hash % (p->size + 1)];
		while (*link != e + 1)
			link = &p->entries[*link - 1].next;
		*link = p->entries[e].next;
		p->entries[e].next = p->free;
		p->free = e + 1;
	}
	ferry_host_unlock(f->ctx, &p->lock);
}
