// FIR filtering of planes with up- and downsampling (Karras et al. 2019; the contract is in fir.h). No libtorch here.
#pragma once

#include <cstdint>

#include "../rows/rows_kernel.h"

namespace atelier::fir {

// One axis: output o is Σ over taps k of taps[k]·input[(o·down − pad + k) / up], where that index is whole and inside.
struct Axis {
    int64_t input = 0;
    int64_t output = 0;
    int64_t up = 1;
    int64_t down = 1;
    int64_t pad = 0;  // zeros before the first element; negative crops
};

// The filter is a sum of `terms` products of a column and a row filter: one term when separable.
template <typename T>
struct Taps {
    int64_t terms = 0;
    int64_t rows = 0;
    int64_t columns = 0;
    const T* column_filters = nullptr;  // [terms, rows]
    const T* row_filters = nullptr;     // [terms, columns]
};

// The longest filter that the kernels take.
constexpr int64_t largest_filter = 64;

// Zeros a row needs before and behind it: what the filter, the padding and whole registers can reach.
int64_t margin(const Axis& x, int64_t columns);

// Numbers of scratch that one thread needs: three rows.
int64_t scratch_size(const Axis& x, int64_t columns);

template <typename T>
struct Kernels {
    // Planes [begin, end) of x [planes, y.input, x.input] to out [planes, y.output, x.output], then the epilogue (null: none).
    void (*filter)(const Axis& y, const Axis& x, const Taps<T>& taps, const rows::Epilogue<T>* epilogue, const T* in, T* out, T* scratch,
                   int64_t begin, int64_t end);
};

}  // namespace atelier::fir

namespace atelier::portable {
template <typename T>
const fir::Kernels<T>& fir_kernels();
}
namespace atelier::avx2 {
template <typename T>
const fir::Kernels<T>& fir_kernels();
}
