#pragma once

// What the AVX2 kernels are compared with on the same processor in the same run.
namespace bge::bench {

// Products of a[rows][k] and panels [k/4][16][4] as engines without an exact kernel do them:
// vpmaddubsw, whose 16-bit sums saturate, then vpmaddwd by ones and a 32-bit addition. `sums` is
// [rows][16] for one panel at a time; rows is a multiple of 4, k of 4.
void multiply_saturating(const unsigned char* a, int rows, const signed char* panels, int n, int k,
                         int* sums);

// Fused multiply-adds of 256 bits from registers: floating-point operations done.
double multiply_add_in_registers();

}  // namespace bge::bench
