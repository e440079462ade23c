// The transforms along one axis, on eight tiles at a time. `from` and `to` step over elements of the other axis.
#pragma once

#include "../isa/simd.h"

namespace atelier::ATELIER_ISA {

using Tiles = simd::Vec<float>;

// F(4, 3) at the points 0, ±1, ±2, ∞.
struct SameAxis {
    static constexpr int64_t points = 6, input_pixels = 6, output_pixels = 4;
    static constexpr int64_t weight_of(int64_t point) { return point; }

    //        ⎡4  0 −5  0  1  0⎤
    //        ⎢0 −4 −4  1  1  0⎥
    //   Bᵀ = ⎢0  4 −4 −1  1  0⎥
    //        ⎢0 −2 −1  2  1  0⎥
    //        ⎢0  2 −1 −2  1  0⎥
    //        ⎣0  4  0 −5  0  1⎦
    static void input(const Tiles* d, int64_t from, Tiles* o, int64_t to) {
        const Tiles d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from], d5 = d[5 * from];
        const Tiles even = d4 - 4 * d2, odd = d3 - 4 * d1, even2 = d4 - d2, odd2 = 2 * (d3 - d1);
        o[0] = 4 * d0 + (d4 - 5 * d2);
        o[to] = even + odd;
        o[2 * to] = even - odd;
        o[3 * to] = even2 + odd2;
        o[4 * to] = even2 - odd2;
        o[5 * to] = 4 * d1 + (d5 - 5 * d3);
    }

    //        ⎡1  1  1  1  1  0⎤
    //   Aᵀ = ⎢0  1 −1  2 −2  0⎥
    //        ⎢0  1  1  4  4  0⎥
    //        ⎣0  1 −1  8 −8  1⎦
    static void output(const Tiles* m, int64_t from, Tiles* o, int64_t to) {
        const Tiles m0 = m[0], m1 = m[from], m2 = m[2 * from], m3 = m[3 * from], m4 = m[4 * from], m5 = m[5 * from];
        const Tiles sum1 = m1 + m2, difference1 = m1 - m2, sum2 = m3 + m4, difference2 = m3 - m4;
        o[0] = m0 + (sum1 + sum2);
        o[to] = difference1 + 2 * difference2;
        o[2 * to] = sum1 + 4 * sum2;
        o[3 * to] = difference1 + 8 * difference2 + m5;
    }

    // A
    static void gradient(const Tiles* d, int64_t from, Tiles* o, int64_t to) {
        const Tiles d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from];
        const Tiles even = d0 + d2, odd = d1 + d3, even2 = d0 + 4 * d2, odd2 = 2 * d1 + 8 * d3;
        o[0] = d0;
        o[to] = even + odd;
        o[2 * to] = even - odd;
        o[3 * to] = even2 + odd2;
        o[4 * to] = even2 - odd2;
        o[5 * to] = d3;
    }

    //        ⎡ 1/4    0    0 ⎤
    //        ⎢−1/6 −1/6 −1/6 ⎥
    //   G  = ⎢−1/6  1/6 −1/6 ⎥
    //        ⎢1/24 1/12  1/6 ⎥
    //        ⎢1/24 −1/12 1/6 ⎥
    //        ⎣  0     0    1 ⎦
    static void weight(const Tiles* g, int64_t from, Tiles* o, int64_t to) {
        const Tiles g0 = g[0], g1 = g[from], g2 = g[2 * from];
        const Tiles ends = (-1.f / 6) * (g0 + g2), middle = (1.f / 6) * g1, ends2 = (1.f / 24) * g0 + (1.f / 6) * g2, middle2 = (1.f / 12) * g1;
        o[0] = .25f * g0;
        o[to] = ends - middle;
        o[2 * to] = ends + middle;
        o[3 * to] = ends2 + middle2;
        o[4 * to] = ends2 - middle2;
        o[5 * to] = g2;
    }

    // Gᵀ
    static void weight_gradient(const Tiles* u, int64_t from, Tiles* o, int64_t to) {
        const Tiles u0 = u[0], u1 = u[from], u2 = u[2 * from], u3 = u[3 * from], u4 = u[4 * from], u5 = u[5 * from];
        const Tiles sum1 = u1 + u2, difference1 = u2 - u1, sum2 = u3 + u4, difference2 = u3 - u4;
        o[0] = .25f * u0 + ((1.f / 24) * sum2 - (1.f / 6) * sum1);
        o[to] = (1.f / 6) * difference1 + (1.f / 12) * difference2;
        o[2 * to] = u5 + (1.f / 6) * (sum2 - sum1);
    }
};

// F(4, 2) at the points 0, ±1, 2, ∞ for the taps 0 and 2 of three, and tap 1 by itself at four "points" more.
struct TwoPhaseAxis {
    static constexpr int64_t points = 9;
    static constexpr int64_t weight_of(int64_t point) { return point < 5 ? point : 5; }

    //        ⎡2 −1 −2  1  0⎤
    //        ⎢0 −2 −1  1  0⎥
    //   Bᵀ = ⎢0  2 −3  1  0⎥
    //        ⎢0 −1  0  1  0⎥
    //        ⎣0  2 −1 −2  1⎦
    static void input_of_two_taps(const Tiles* d, int64_t from, Tiles* o, int64_t to) {
        const Tiles d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from];
        const Tiles odd = d3 - d1;
        o[0] = 2 * (d0 - d2) + odd;
        o[to] = d3 - d2 - 2 * d1;
        o[2 * to] = 2 * d1 + (d3 - 3 * d2);
        o[3 * to] = odd;
        o[4 * to] = d4 - d2 - 2 * odd;
    }

    //        ⎡1  1  1  1  0⎤
    //   Aᵀ = ⎢0  1 −1  2  0⎥
    //        ⎢0  1  1  4  0⎥
    //        ⎣0  1 −1  8  1⎦
    static void output_of_two_taps(const Tiles* m, int64_t from, Tiles* o, int64_t to) {
        const Tiles m0 = m[0], m1 = m[from], m2 = m[2 * from], m3 = m[3 * from], m4 = m[4 * from];
        const Tiles sum = m1 + m2, difference = m1 - m2;
        o[0] = m0 + sum + m3;
        o[to] = difference + 2 * m3;
        o[2 * to] = sum + 4 * m3;
        o[3 * to] = difference + 8 * m3 + m4;
    }

    //        ⎡ 1/2  0    0 ⎤
    //        ⎢−1/2  0 −1/2 ⎥
    //   G  = ⎢−1/6  0  1/6 ⎥
    //        ⎢ 1/6  0  1/3 ⎥
    //        ⎢  0   0   1  ⎥
    //        ⎣  0   1   0  ⎦
    static void weight(const Tiles* g, int64_t from, Tiles* o, int64_t to) {
        const Tiles g0 = g[0], g1 = g[from], g2 = g[2 * from];
        o[0] = .5f * g0;
        o[to] = -.5f * (g0 + g2);
        o[2 * to] = (1.f / 6) * (g2 - g0);
        o[3 * to] = (1.f / 6) * g0 + (1.f / 3) * g2;
        o[4 * to] = g2;
        o[5 * to] = g1;
    }
};

// Nine pixels to four: y[i] = x[2i]·w0 + x[2i+1]·w1 + x[2i+2]·w2. Pixels come with the even ones first: 0 2 4 6 8, 1 3 5 7.
struct HalvingAxis : TwoPhaseAxis {
    static constexpr int64_t input_pixels = 9, output_pixels = 4;

    static void input(const Tiles* d, int64_t from, Tiles* o, int64_t to) {
        input_of_two_taps(d, from, o, to);
        for (int64_t i = 5; i < 9; i++) o[i * to] = d[i * from];
    }

    static void output(const Tiles* m, int64_t from, Tiles* o, int64_t to) {
        Tiles even[4];
        output_of_two_taps(m, from, even, 1);
        for (int64_t i = 0; i < 4; i++) o[i * to] = even[i] + m[(5 + i) * from];
    }
};

// Pixels −1 … 3 to eight, the even ones first, with rotated weights: z[2i] = g[i−1]·w0 + g[i]·w2, z[2i+1] = g[i]·w1.
struct DoublingAxis : TwoPhaseAxis {
    static constexpr int64_t input_pixels = 5, output_pixels = 8;

    static void input(const Tiles* d, int64_t from, Tiles* o, int64_t to) {
        input_of_two_taps(d, from, o, to);
        for (int64_t i = 0; i < 4; i++) o[(5 + i) * to] = d[(1 + i) * from];
    }

    static void output(const Tiles* m, int64_t from, Tiles* o, int64_t to) {
        output_of_two_taps(m, from, o, to);
        for (int64_t i = 0; i < 4; i++) o[(4 + i) * to] = m[(5 + i) * from];
    }
};

}  // namespace atelier::ATELIER_ISA
