// The inner products of Winograd's algorithm. Both keep 12 sums in registers and read 7 registers for 12 multiply-adds, which
// leaves the multipliers the bottleneck. The empty asm statements pin what was just read to a register: left alone, the
// compiler reads it again for every use and spills the sums instead (27 instead of 76 GFLOP/s a core).
#pragma once

#include "../isa/simd.h"
#include "winograd_kernel.h"

namespace atelier::ATELIER_ISA {

template <typename Register>
inline void keep_in_register(Register& value) {
    asm volatile("" : "+x"(value));
}

// m [4][groups·8] = Σ_k u[k][4] ⊗ v[k][groups·8]
template <int Groups>
__attribute__((noinline)) void multiply_panel(const float* __restrict u, const float* __restrict v, int64_t depth, float* __restrict m) {
    using Register = simd::Vec<float>;
    Register sum[4][Groups] = {};
    for (int64_t k = 0; k < depth; k++) {
        Register tiles[Groups];
#pragma GCC unroll 4
        for (int g = 0; g < Groups; g++) {
            tiles[g] = simd::load(v + 8 * g);
            keep_in_register(tiles[g]);
        }
        __builtin_prefetch(v + 192);
#pragma GCC unroll 4
        for (int c = 0; c < 4; c++) {
            const Register weight = simd::broadcast(u[c]);
#pragma GCC unroll 4
            for (int g = 0; g < Groups; g++) sum[c][g] += weight * tiles[g];
        }
        u += 4;
        v += 8 * Groups;
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++)
#pragma GCC unroll 4
        for (int g = 0; g < Groups; g++) simd::store(m + 8 * (c * Groups + g), sum[c][g]);
}

inline void multiply_panel(int64_t groups, const float* u, const float* v, int64_t depth, float* m) {
    if (groups == 3) multiply_panel<3>(u, v, depth, m);
    else if (groups == 2) multiply_panel<2>(u, v, depth, m);
    else multiply_panel<1>(u, v, depth, m);
}

// The sums of four registers' lanes, side by side.
inline auto sums_of_four(const simd::Vec<float>* v) {
    typedef float Four __attribute__((vector_size(16)));
    const auto a = __builtin_shufflevector(v[0], v[1], 0, 8, 1, 9, 4, 12, 5, 13) + __builtin_shufflevector(v[0], v[1], 2, 10, 3, 11, 6, 14, 7, 15);
    const auto b = __builtin_shufflevector(v[2], v[3], 0, 8, 1, 9, 4, 12, 5, 13) + __builtin_shufflevector(v[2], v[3], 2, 10, 3, 11, 6, 14, 7, 15);
    const auto halves = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13) + __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
    Four low, high;
    std::memcpy(&low, &halves, sizeof low);
    std::memcpy(&high, reinterpret_cast<const char*>(&halves) + sizeof low, sizeof high);
    return low + high;
}

constexpr int64_t correlate_rows = 3;

// d[r][4] (+)= Σ_t v[r][t]·g[4][t], rows of d `stride` apart.
template <int Rows>
__attribute__((noinline)) void correlate_panel(const float* __restrict g, const float* __restrict v, int64_t tiles, bool accumulate, float* __restrict d,
                                               int64_t stride) {
    using Register = simd::Vec<float>;
    Register sum[Rows][4] = {};
    for (int64_t t = 0; t < tiles; t += 8) {
        Register row[Rows];
#pragma GCC unroll 4
        for (int r = 0; r < Rows; r++) {
            row[r] = simd::load(v + r * tiles + t);
            keep_in_register(row[r]);
        }
#pragma GCC unroll 4
        for (int c = 0; c < 4; c++) {
            Register gradient = simd::load(g + c * tiles + t);
            keep_in_register(gradient);
#pragma GCC unroll 4
            for (int r = 0; r < Rows; r++) sum[r][c] += gradient * row[r];
        }
    }
    for (int r = 0; r < Rows; r++) {
        auto totals = sums_of_four(sum[r]), before = decltype(totals){};
        if (accumulate) std::memcpy(&before, d + r * stride, sizeof before);
        totals += before;
        std::memcpy(d + r * stride, &totals, sizeof totals);
    }
}

inline void correlate_panel(int64_t rows, const float* g, const float* v, int64_t tiles, bool accumulate, float* d, int64_t stride) {
    if (rows == 3) correlate_panel<3>(g, v, tiles, accumulate, d, stride);
    else if (rows == 2) correlate_panel<2>(g, v, tiles, accumulate, d, stride);
    else correlate_panel<1>(g, v, tiles, accumulate, d, stride);
}

}  // namespace atelier::ATELIER_ISA
