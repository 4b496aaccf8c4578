/* SPDX-License-Identifier: MIT */
/* mpidr.h: how Arm names a processor, or a virtual one. */
#ifndef IRQFERRY_MPIDR_H
#define IRQFERRY_MPIDR_H

#include <stdint.h>

/* Aff3 in bits 39:32, Aff2 .. Aff0 in 23:0, as MPIDR_EL1 has them; all others are
 * ignored. */
struct ferry_mpidr {
	uint64_t value;
};

#endif
