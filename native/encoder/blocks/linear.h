#pragma once

#include "encoder/blocks/pass.h"

namespace bge::encoder {

// out (op)= a * columns [first, first + columns) of the matrix; a multiple of 16 both.
inline void multiply(const Pass& pass, const kernels::PanelMatrix& matrix,
                     const kernels::Activations& a, int rows, int first, int columns,
                     kernels::Epilogue epilogue, float* out, size_t out_stride) {
  pass.over_columns(columns, [&](int begin, int end) {
    pass.kernels.linear[static_cast<int>(matrix.dtype)](
        {a, rows, &matrix, (first + begin) / kernels::kPanel, (first + end) / kernels::kPanel,
         epilogue, out + begin, out_stride});
  });
}

// Floats into the form that a matrix of this dtype multiplies.
inline void convert(const Pass& pass, kernels::Dtype dtype, const float* in, size_t width, int rows,
                    const kernels::Activations& out) {
  pass.over_single_rows(rows, [&](int first, int last) {
    pass.kernels.convert[static_cast<int>(dtype)](in + first * width, width, last - first,
                                                  static_cast<int>(width),
                                                  kernels::rows_from(out, dtype, first));
  });
}

}  // namespace bge::encoder
