/* SPDX-License-Identifier: MIT */
/*
 * gic_registers.h: offsets of registers. Private to src/arm. GICv2: IHI 0048B 4.1.2, 4.1.3;
 * GICv3: IHI 0069H 12.8 (GICD), 12.10 (GICR).
 */
#ifndef FERRY_GIC_REGISTERS_H
#define FERRY_GIC_REGISTERS_H

#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u

/* An array for SPIs, beginning at INTID 0, and GICv3's for extended SPIs, beginning at
 * INTID 4096. */
#define GIC_ARRAY(spi, espi) ((uint32_t)(spi) | (uint32_t)(espi) << 16)
#define GICD_IGROUPR GIC_ARRAY(0x0080, 0x1000)
#define GICD_ISENABLER GIC_ARRAY(0x0100, 0x1200)
#define GICD_ICENABLER GIC_ARRAY(0x0180, 0x1400)
#define GICD_ISPENDR GIC_ARRAY(0x0200, 0x1600)
#define GICD_ICPENDR GIC_ARRAY(0x0280, 0x1800)
#define GICD_ISACTIVER GIC_ARRAY(0x0300, 0x1a00)
#define GICD_ICACTIVER GIC_ARRAY(0x0380, 0x1c00)
#define GICD_IPRIORITYR GIC_ARRAY(0x0400, 0x2000)
#define GICD_ITARGETSR GIC_ARRAY(0x0800, 0)
#define GICD_ICFGR GIC_ARRAY(0x0c00, 0x3000)
#define GICD_IROUTER GIC_ARRAY(0x6000, 0x8000)

/* Of private interrupts, at the same places in GICR's SGI_base and, banked, in GICD. */
#define LOCAL_IGROUPR 0x0080u
#define LOCAL_ISENABLER 0x0100u
#define LOCAL_ICENABLER 0x0180u
#define LOCAL_ISPENDR 0x0200u
#define LOCAL_ICPENDR 0x0280u
#define LOCAL_ICACTIVER 0x0380u
#define LOCAL_IPRIORITYR 0x0400u
#define LOCAL_ICFGR 0x0c00u

/* ITLinesNumber + 1 (GICD_TYPER), 32 interrupts each; those from 1020 on are no SPIs. */
#define GICD_TYPER_LINES(typer) (((typer) % 32u + 1) * 32u)

/* GICv2 only */
#define GICD_SGIR 0x0f00u
#define GICD_CPENDSGIR 0x0f10u
#define GICC_CTLR 0x0000u
#define GICC_PMR 0x0004u
#define GICC_BPR 0x0008u
#define GICC_IAR 0x000cu
#define GICC_EOIR 0x0010u
#define GICC_DIR 0x1000u

/* GICv3 only */
#define GICR_CTLR 0x0000u
#define GICR_CTLR_RWP (1u << 3)
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define GICR_SGI_BASE 0x10000u

#endif
