// SPDX-License-Identifier: MIT
/*
 * Texts as Linux writes them: CPU lists and /proc/interrupts. And the few
 * helpers both readers of input share: messages, memory, whole files.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "machine.h"

#define PROC_LIMIT (256u << 20)
#define CHIP_MAX 64

/* The storm a machine gets that nobody described. */
#define PROC_EVENTS 2000000
#define PROC_MOVES 40000
#define PROC_HANDLER_NS 500
#define PROC_PERIOD_NS 20000 /* of the busiest interrupt */
#define PROC_SLOWEST 6       /* the laziest is up to 2^6 times slower */

struct arena_block {
	struct arena_block *next;
	max_align_t data[];
};

void *arena_alloc(struct arena *arena, size_t n, size_t size)
{
	struct arena_block *block;

	if (size && n > (SIZE_MAX - sizeof(*block)) / size)
		return NULL;
	block = calloc(1, sizeof(*block) + n * size);
	if (!block)
		return NULL;
	block->next = arena->head;
	arena->head = block;
	return block->data;
}

void arena_free(struct arena *arena)
{
	struct arena_block *next;

	for (struct arena_block *block = arena->head; block; block = next) {
		next = block->next;
		free(block);
	}
	arena->head = NULL;
}

int say(struct message *msg, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg->text, sizeof(msg->text), fmt, ap);
	va_end(ap);
	return code;
}

int say_no_memory(struct message *msg)
{
	return say(msg, TOOL_IO, "out of memory");
}

void machine_init(struct machine *m, const char *path, bool from_proc)
{
	memset(m, 0, sizeof(*m));
	m->path = path;
	m->from_proc = from_proc;
}

void machine_free(struct machine *m)
{
	arena_free(&m->arena);
}

/* /proc files have no size: read until the end. */
static int read_all(FILE *in, const char *path, size_t limit, char **text, size_t *size,
		    struct message *msg)
{
	size_t room = 65536, used = 0;
	char *bigger, *buffer = malloc(room);

	while (buffer) {
		used += fread(buffer + used, 1, room - 1 - used, in);
		if (used < room - 1)
			break;
		bigger = used > limit ? NULL : realloc(buffer, room * 2);
		if (!bigger)
			break;
		buffer = bigger;
		room *= 2;
	}
	*text = buffer;
	*size = used;
	if (!buffer)
		return say_no_memory(msg);
	buffer[used] = '\0';
	if (ferror(in))
		return say(msg, TOOL_INPUT, "%s: can't be read: %s", path, strerror(errno));
	if (used > limit)
		return say(msg, TOOL_INPUT, "%s: longer than %zu bytes", path, limit);
	return used < room - 1 ? TOOL_OK : say_no_memory(msg);
}

int file_read(const char *path, size_t limit, struct arena *arena, char **text, size_t *size,
	      struct message *msg)
{
	FILE *in = fopen(path, "rb");
	char *raw = NULL;
	int rc;

	if (!in)
		return say(msg, TOOL_INPUT, "%s: can't be opened: %s", path, strerror(errno));
	rc = read_all(in, path, limit, &raw, size, msg);
	fclose(in);
	*text = rc ? NULL : arena_alloc(arena, *size + 1, 1);
	if (*text)
		memcpy(*text, raw, *size);
	free(raw);
	return rc || *text ? rc : say_no_memory(msg);
}

/* ---- CPU lists ---------------------------------------------------------- */

static const char *cpu_number(const char **text, uint32_t *cpu)
{
	uint32_t value = 0;

	if (!isdigit((unsigned char)**text))
		return "a CPU number is missing";
	while (isdigit((unsigned char)**text)) {
		value = value * 10 + (uint32_t)(*(*text)++ - '0');
		if (value >= FERRY_CPUS_MAX)
			return "CPU numbers end at 4095";
	}
	*cpu = value;
	return NULL;
}

const char *cpulist_parse(const char *text, uint64_t mask[MASK_WORDS])
{
	uint32_t first, last;
	const char *wrong;

	memset(mask, 0, MASK_WORDS * sizeof(*mask));
	if (!*text || *text == '\n')
		return "the list is empty";
	for (;; text++) {
		wrong = cpu_number(&text, &first);
		last = first;
		if (!wrong && *text == '-') {
			text++;
			wrong = cpu_number(&text, &last);
		}
		if (wrong)
			return wrong;
		if (last < first)
			return "a range ends before it begins";
		for (uint32_t cpu = first; cpu <= last; cpu++)
			mask_set(mask, cpu);
		if (*text != ',')
			break;
	}
	if (*text && strcmp(text, "\n"))
		return "CPU lists look like \"0-3,8\"";
	return NULL;
}

/* ---- /proc/interrupts ---------------------------------------------------- */

/* Kernels write rows in their architecture's way: "IO-APIC   2-edge      timer" on x86,
 * "GICv3  33 Level     uart-pl011" on Arm. */
struct row {
	uint32_t irq;
	uint64_t count;
	char chip[CHIP_MAX];
	char type[32]; /* "2-edge", "33" */
	char name[32];
	bool arm, level; /* level: of Arm's */
};

/* What a row says of its interrupt, and of the machine. */
struct row_kind {
	uint8_t kind;
	uint8_t family; /* storm_spec.gic, or GIC_ANY */
	uint32_t intid;
};

#define GIC_ANY 1
enum { ROW_OTHER = -1, ROW_PRIVATE = -2, ROW_WRONG = -3 };

/* Interrupts of one chip and function are one device. */
struct device_key {
	char chip[CHIP_MAX];
	uint64_t function;
};

struct proc {
	const char *path;
	char *text;
	size_t size;
	uint64_t online[MASK_WORDS];
	uint16_t column[FERRY_CPUS_MAX]; /* CPU number of each column */
	uint32_t columns;
	uint32_t line;
	uint32_t said;  /* the line that told which family of machines; 0: none yet */
	uint8_t family; /* storm_spec.gic, or GIC_ANY */
	struct device_key *devices;
	uint64_t *counts;
	struct machine *m;
	struct message *msg;
};

static char *skip_blanks(char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static char *word_end(char *p)
{
	while (*p && *p != ' ' && *p != '\t')
		p++;
	return p;
}

/* Names end on terminals and in JSON: printable ASCII only. */
static void copy_clean(char *to, size_t size, const char *from, size_t length)
{
	size_t n = length < size - 1 ? length : size - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[n] = '\0';
}

static char *next_word(char *p, char *to, size_t size)
{
	char *end;

	p = skip_blanks(p);
	end = word_end(p);
	copy_clean(to, size, p, (size_t)(end - p));
	return end;
}

static int read_header(struct proc *t, char *line)
{
	uint64_t seen[MASK_WORDS] = { 0 };
	char word[16], *end;
	unsigned long cpu;

	while (*(line = skip_blanks(line))) {
		line = next_word(line, word, sizeof(word));
		cpu = strncmp(word, "CPU", 3) || !isdigit((unsigned char)word[3]) ?
			      ULONG_MAX :
			      strtoul(word + 3, &end, 10);
		if (cpu == ULONG_MAX || *end)
			return say(t->msg, TOOL_INPUT,
				   "%s:%u: header: '%s' where \"CPU<number>\" is expected", t->path,
				   t->line, word);
		if (cpu >= FERRY_CPUS_MAX || mask_test(seen, (uint32_t)cpu))
			return say(t->msg, TOOL_INPUT, "%s:%u: header: CPU%lu: %s", t->path,
				   t->line, cpu,
				   cpu >= FERRY_CPUS_MAX ? "at most 4096 CPUs, 0-4095" :
							   "there twice");
		mask_set(seen, (uint32_t)cpu);
		t->column[t->columns++] = (uint16_t)cpu;
	}
	for (uint32_t i = 0; i < FERRY_CPUS_MAX; i++)
		if (mask_test(t->online, i) && !mask_test(seen, i))
			return say(t->msg, TOOL_INPUT,
				   "%s:%u: header: CPU%u is online but has no column", t->path,
				   t->line, i);
	return TOOL_OK;
}

static int row_wrong(struct proc *t, const struct row *row, const char *field, const char *what)
{
	return say(t->msg, TOOL_INPUT, "%s:%u: interrupt %u: %s: %s", t->path, t->line, row->irq,
		   field, what);
}

static int read_counts(struct proc *t, char **line, struct row *row)
{
	char *p = *line, *end;
	unsigned long long count;
	char field[16];

	for (uint32_t i = 0; i < t->columns; i++) {
		p = skip_blanks(p);
		count = strtoull(p, &end, 10);
		if (!isdigit((unsigned char)*p) || (*end && *end != ' ' && *end != '\t')) {
			snprintf(field, sizeof(field), "CPU%u", t->column[i]);
			return row_wrong(t, row, field, "no count; the row is cut short");
		}
		p = end;
		if (mask_test(t->online, t->column[i]))
			row->count += count;
	}
	*line = p;
	return TOOL_OK;
}

/* After an Arm chip's own number comes how it is triggered; the name follows. */
static void take_trigger(char **line, struct row *row)
{
	char word[8], *after = next_word(*line, word, sizeof(word));

	if (!row->type[0] || row->type[strspn(row->type, "0123456789")])
		return;
	row->level = !strcmp(word, "Level");
	row->arm = row->level || !strcmp(word, "Edge");
	if (row->arm)
		*line = after;
}

/*
 * "IO-APIC   2-edge      timer". Kernels before 3.19 write "IO-APIC-edge timer"
 * in one word: the type is split off.
 */
static int read_row(struct proc *t, char *line, struct row *row)
{
	static const char *const old[] = { "-edge", "-fasteoi", "-level" };
	size_t length, tail;
	int rc = read_counts(t, &line, row);

	if (rc)
		return rc;
	line = next_word(line, row->chip, sizeof(row->chip));
	length = strlen(row->chip);
	for (size_t i = 0; i < sizeof(old) / sizeof(*old) && !row->type[0]; i++) {
		tail = strlen(old[i]);
		if (length <= tail || strcmp(row->chip + length - tail, old[i]))
			continue;
		strcpy(row->type, old[i]);
		row->chip[length - tail] = '\0';
	}
	if (!row->type[0])
		line = next_word(line, row->type, sizeof(row->type));
	take_trigger(&line, row);
	line = skip_blanks(line);
	copy_clean(row->name, sizeof(row->name), line, strlen(line));
	if (!row->chip[0])
		return row_wrong(t, row, "chip", "missing; the row is cut short");
	return TOOL_OK;
}

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/*
 * The kind of an x86 row, or ROW_OTHER for a controller the library does not drive. Kernels
 * before 6.3 write "PCI-MSI" for MSI-X too, which nearly every device with more
 * than one interrupt uses; later ones name the function, and tell them apart.
 */
static int x86_kind(const struct row *row)
{
	const char *chip = row->chip;
	bool remapped = starts(chip, "IR-"), level;

	if (remapped)
		chip += 3;
	level = strstr(row->type, "fasteoi") || strstr(row->type, "level");
	if (!strcmp(chip, "IO-APIC")) {
		if (level)
			return FERRY_X86_IOAPIC_LEVEL;
		return remapped ? FERRY_X86_REMAPPED : FERRY_X86_IOAPIC_EDGE;
	}
	if (!strcmp(chip, "PCI-MSI") || starts(chip, "PCI-MSIX"))
		return remapped ? FERRY_X86_REMAPPED : FERRY_X86_MSIX;
	if (starts(chip, "PCI-MSI-") || starts(chip, "DMAR-MSI") || starts(chip, "DMAR_MSI") ||
	    starts(chip, "HPET-MSI") || starts(chip, "HPET_MSI") || starts(chip, "hpet"))
		return remapped ? FERRY_X86_REMAPPED : FERRY_X86_MSI;
	return ROW_OTHER;
}

/* The root GIC's own rows: the number is the INTID. */
static int gic_kind(const struct row *row, struct row_kind *k)
{
	unsigned long intid = row->arm ? strtoul(row->type, NULL, 10) : ULONG_MAX;

	k->family = strcmp(row->chip, "GICv3") ? 2 : 3;
	k->intid = (uint32_t)intid;
	if (intid < FERRY_SPI_FIRST)
		return ROW_PRIVATE;
	if (intid <= FERRY_SPI_LAST)
		return row->level ? FERRY_GIC_LEVEL : FERRY_GIC_EDGE;
	if (k->family == 3 && intid >= FERRY_EPPI_FIRST && intid <= FERRY_EPPI_LAST)
		return ROW_PRIVATE;
	if (k->family == 3 && intid >= FERRY_ESPI_FIRST && intid <= FERRY_ESPI_LAST)
		return row->level ? FERRY_GIC_LEVEL : FERRY_GIC_EDGE;
	return ROW_WRONG;
}

/*
 * "MSI", "MBI" and "GICv2m-..." are messages that a frame of the GIC turns into an SPI,
 * which the row does not name. "GICv3-23" is a PPI that differs between clusters. A
 * second GIC ("GIC-1") hangs on the first, and is another controller.
 */
static int arm_kind(const struct row *row, struct row_kind *k)
{
	const char *chip = row->chip;

	if (!strcmp(chip, "GICv2") || !strcmp(chip, "GIC-0") || !strcmp(chip, "GICv3"))
		return gic_kind(row, k);
	if (starts(chip, "GICv3-") || starts(chip, "ITS-")) {
		k->family = 3;
		if (!row->arm)
			return ROW_WRONG;
		return *chip == 'G' ? ROW_PRIVATE : FERRY_GIC_LPI;
	}
	if (!row->arm)
		return ROW_OTHER;
	k->family = GIC_ANY;
	k->intid = INTID_NEXT_SPI;
	if (!strcmp(chip, "MSI") || !strcmp(chip, "pMSI") || starts(chip, "MBI") ||
	    starts(chip, "GICv2m-"))
		return FERRY_GIC_EDGE;
	return ROW_OTHER;
}

/* "PCI-MSI 32769-edge": the number is the PCI function times 2048, plus an index. */
static uint32_t row_device(struct proc *t, const struct row *row, int kind)
{
	struct device_key key = { 0 };
	uint32_t *n = &t->m->spec.devices;

	strcpy(key.chip, row->chip);
	if (!strcmp(row->chip, "PCI-MSI") || !strcmp(row->chip, "IR-PCI-MSI") ||
	    !strcmp(row->chip, "ITS-MSI"))
		key.function = strtoull(row->type, NULL, 10) >> 11;
	/* MSI without remapping has one message: each is a device of its own */
	for (uint32_t i = kind == FERRY_X86_MSI ? 0 : *n; i-- > 0;)
		if (!memcmp(&t->devices[i], &key, sizeof(key)))
			return i;
	t->devices[*n] = key;
	return (*n)++;
}

static void leave_out(struct machine *m, const struct row *row)
{
	if (!m->left_out++)
		copy_clean(m->left_out_chip, sizeof(m->left_out_chip), row->chip,
			   strlen(row->chip));
}

static uint8_t row_flags(const struct row *row, int kind)
{
	if (row->arm)
		return 0;
	return kind == FERRY_X86_REMAPPED && strstr(row->chip, "MSI") ?
		       FERRY_SOURCE_ORDERED | FERRY_SOURCE_MASKABLE :
		       FERRY_SOURCE_ORDERED;
}

static int add_irq(struct proc *t, const struct row *row, const struct row_kind *k)
{
	struct storm_spec *spec = &t->m->spec;
	struct storm_irq *irq;

	if (spec->nirqs == FERRY_IRQS_MAX)
		return row_wrong(t, row, "number", "more than 65536 interrupts");
	irq = &spec->irqs[spec->nirqs];
	t->counts[spec->nirqs++] = row->count;
	memcpy(irq->name, row->name, sizeof(irq->name));
	irq->kind = k->kind;
	irq->flags = row_flags(row, k->kind);
	irq->pattern = STORM_POISSON;
	irq->device = row_device(t, row, k->kind);
	irq->ext_irq = row->irq;
	irq->intid = k->intid;
	spec->its |= k->kind == FERRY_GIC_LPI;
	if (intid_extended(k->intid) && k->intid - FERRY_ESPI_FIRST >= spec->espis)
		spec->espis = k->intid - FERRY_ESPI_FIRST + 1;
	return TOOL_OK;
}

static bool one_machine(uint8_t a, uint8_t b)
{
	return a == b || (a && b && (a == GIC_ANY || b == GIC_ANY));
}

static int check_family(struct proc *t, const struct row *row, uint8_t family)
{
	static const char *const names[] = { "x86", "Arm", "GICv2", "GICv3" };

	if (t->said && !one_machine(t->family, family))
		return say(t->msg, TOOL_INPUT,
			   "%s:%u: interrupt %u: chip: '%s' is of %s, but line %u of %s", t->path,
			   t->line, row->irq, row->chip, names[family], t->said, names[t->family]);
	if (t->said && t->family != GIC_ANY)
		return TOOL_OK;
	t->said = t->line;
	t->family = family;
	return TOOL_OK;
}

static int add_row(struct proc *t, const struct row *row)
{
	struct row_kind k = { 0 };
	int kind = row->arm ? ROW_OTHER : x86_kind(row), rc;

	if (kind == ROW_OTHER)
		kind = arm_kind(row, &k);
	if (kind == ROW_WRONG)
		return row_wrong(t, row, row->chip, "its number and Level or Edge are expected");
	if (kind == ROW_OTHER) {
		leave_out(t->m, row);
		return TOOL_OK;
	}
	rc = check_family(t, row, k.family);
	k.kind = (uint8_t)kind;
	return rc || kind == ROW_PRIVATE ? rc : add_irq(t, row, &k);
}

/* Rows of numbered interrupts; "NMI:", "LOC:" and so on are the CPU's own. */
static int read_line(struct proc *t, char *line)
{
	struct row row = { 0 };
	char *end;
	unsigned long irq;
	int rc;

	line = skip_blanks(line);
	irq = strtoul(line, &end, 10);
	if (!isdigit((unsigned char)*line)) {
		if (!*line || strchr(line, ':'))
			return TOOL_OK;
		return say(t->msg, TOOL_INPUT, "%s:%u: row: no ':' after its name", t->path,
			   t->line);
	}
	if (*end != ':' || irq > 0x7fffffff)
		return say(t->msg, TOOL_INPUT, "%s:%u: row: an interrupt number and ':' expected",
			   t->path, t->line);
	row.irq = (uint32_t)irq;
	rc = read_row(t, end + 1, &row);
	return rc ? rc : add_row(t, &row);
}

static int read_lines(struct proc *t)
{
	char *line = t->text, *end;
	int rc = TOOL_OK;

	if (strlen(line) != t->size)
		return say(t->msg, TOOL_INPUT, "%s: header: not text: it holds a zero byte",
			   t->path);
	for (; !rc && *line; line = end + 1) {
		t->line++;
		end = strchr(line, '\n');
		if (!end)
			return say(t->msg, TOOL_INPUT, "%s:%u: row: the text ends in mid-line",
				   t->path, t->line);
		*end = '\0';
		rc = t->line == 1 ? read_header(t, line) : read_line(t, line);
	}
	if (!rc && !t->columns)
		return say(t->msg, TOOL_INPUT, "%s:1: header: no CPU columns", t->path);
	return rc;
}

static int read_online(struct proc *t, const char *dir)
{
	char path[4096], *text;
	const char *wrong;
	size_t size;
	int rc;

	snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/online", dir);
	rc = file_read(path, 65536, &t->m->arena, &text, &size, t->msg);
	if (rc)
		return rc;
	wrong = strlen(text) == size ? cpulist_parse(text, t->online) : "it holds a zero byte";
	if (wrong)
		return say(t->msg, TOOL_INPUT, "%s:1: online: %s", path, wrong);
	return TOOL_OK;
}

/*
 * CPU numbers may have holes; indexes have none. The number stands in for the APIC id or
 * the affinity (clusters of 16), which these two files do not tell.
 */
static int number_cpus(struct proc *t)
{
	struct storm_spec *spec = &t->m->spec;
	uint64_t *mpidrs = arena_alloc(&t->m->arena, t->columns, sizeof(uint64_t));
	uint32_t *apic_ids = arena_alloc(&t->m->arena, t->columns, sizeof(uint32_t));

	if (!mpidrs || !apic_ids)
		return say_no_memory(t->msg);
	for (uint32_t cpu = 0; cpu < FERRY_CPUS_MAX; cpu++) {
		if (!mask_test(t->online, cpu))
			continue;
		mpidrs[spec->cpus] = cpu / 16 << 8 | cpu % 16;
		apic_ids[spec->cpus++] = cpu;
		spec->ext_dest |= !t->family && cpu >= 255;
	}
	spec->gic = t->family;
	spec->mpidrs = t->family == 3 ? mpidrs : NULL;
	spec->apic_ids = t->family ? NULL : apic_ids;
	return TOOL_OK;
}

/*
 * Busier interrupts fire more often, in steps of two so that a few counts more
 * make no other storm; all together take a quarter of one CPU, so that little
 * merges even while only one is online.
 */
static void set_periods(struct proc *t)
{
	struct storm_spec *spec = &t->m->spec;
	uint64_t most = 1, scale = 1;
	double load = 0;

	for (uint32_t i = 0; i < spec->nirqs; i++)
		most = t->counts[i] > most ? t->counts[i] : most;
	for (uint32_t i = 0; i < spec->nirqs; i++) {
		unsigned int step = 0;

		while (step < PROC_SLOWEST && t->counts[i] < most >> step)
			step++;
		spec->irqs[i].period_ns = (uint64_t)PROC_PERIOD_NS << step;
		load += (double)PROC_HANDLER_NS / (double)spec->irqs[i].period_ns;
	}
	while (load / (double)scale > 0.25)
		scale *= 2;
	for (uint32_t i = 0; i < spec->nirqs; i++)
		spec->irqs[i].period_ns *= scale;
}

static void set_load(struct storm_spec *spec)
{
	spec->seed = 1;
	spec->events = PROC_EVENTS;
	spec->moves = PROC_MOVES;
	spec->cycles = spec->cpus * UINT64_C(100);
	spec->recreations = spec->nirqs * UINT64_C(20);
	spec->masks = spec->nirqs * UINT64_C(100);
	spec->drain_ns = 20000;
	spec->ipi_ns = 2000;
	spec->eoi_ns = 2000;
	spec->handler_ns = PROC_HANDLER_NS;
	spec->restore = true;
}

static int check_machine(struct proc *t)
{
	struct storm_spec *spec = &t->m->spec;
	struct message why;

	if (spec->cpus < 2)
		return say(t->msg, TOOL_INPUT, "%s: has one CPU: nothing can move", t->path);
	if (!spec->nirqs)
		return say(t->msg, TOOL_INPUT,
			   "%s: has no interrupts of an I/O APIC, PCI MSI or GIC: neither x86 nor "
			   "Arm, or hidden",
			   t->path);
	if (t->family == GIC_ANY)
		return say(t->msg, TOOL_INPUT, "%s: has no row that says which GIC it is", t->path);
	if (t->family == 2 && spec->cpus > 8)
		return say(t->msg, TOOL_INPUT, "%s: has %u CPUs online; a GICv2 has at most 8",
			   t->path, spec->cpus);
	if (t->family && intids_assign(spec, &why))
		return say(t->msg, TOOL_INPUT, "%s: %s", t->path, why.text);
	return TOOL_OK;
}

static int read_proc(struct proc *t, const char *dir)
{
	struct storm_spec *spec = &t->m->spec;
	int rc = read_online(t, dir);

	if (!rc)
		rc = file_read(t->path, PROC_LIMIT, &t->m->arena, &t->text, &t->size, t->msg);
	if (rc)
		return rc;
	spec->irqs = arena_alloc(&t->m->arena, FERRY_IRQS_MAX, sizeof(*spec->irqs));
	t->devices = arena_alloc(&t->m->arena, FERRY_IRQS_MAX, sizeof(*t->devices));
	t->counts = arena_alloc(&t->m->arena, FERRY_IRQS_MAX, sizeof(*t->counts));
	if (!spec->irqs || !t->devices || !t->counts)
		return say_no_memory(t->msg);
	rc = read_lines(t);
	if (!rc)
		rc = number_cpus(t);
	return rc ? rc : check_machine(t);
}

int procfs_load(const char *dir, struct machine *m, struct message *msg)
{
	struct proc *t = calloc(1, sizeof(*t));
	char root[3800], path[3840];
	size_t length = strlen(dir);
	int rc;

	if (!t)
		return say_no_memory(msg);
	while (length && dir[length - 1] == '/')
		length--;
	snprintf(root, sizeof(root), "%.*s", (int)length, dir);
	snprintf(path, sizeof(path), "%s/proc/interrupts", root);
	t->path = path;
	t->m = m;
	t->msg = msg;
	snprintf(m->name, sizeof(m->name), "%s", length ? "machine" : "this machine");
	m->spec.name = m->name;
	rc = read_proc(t, root);
	if (!rc) {
		set_load(&m->spec);
		set_periods(t);
	}
	free(t);
	return rc;
}
