// Between rows of pixels and registers of tiles: lane t of a register belongs to tile t of a group.
#pragma once

#include "../isa/simd.h"
#include "winograd_kernel.h"

namespace atelier::ATELIER_ISA {

using Tiles = simd::Vec<float>;

// Where a pair of tiles lies on the grid: eight pixels wide, four high.
struct Pair {
    int64_t sample, row, column;  // of its first pixel; sample −1: the group has no such pair
};

[[gnu::always_inline]] inline Pair pair_at(const conv3x3::Grid& grid, int64_t index) {
    const int64_t across = grid.width / 8, down = grid.height / 4;
    const int64_t sample = index / (across * down);
    if (sample >= grid.samples) return {-1, 0, 0};
    return {sample, index / across % down * 4, index % across * 8};
}

// Four registers of 8 pixels each (the four pairs of a group) into four of 8 tiles: then v[k] has pixel k of every tile.
inline void exchange(Tiles* v) {
    const Tiles a = __builtin_shufflevector(v[0], v[2], 0, 1, 2, 3, 8, 9, 10, 11), b = __builtin_shufflevector(v[0], v[2], 4, 5, 6, 7, 12, 13, 14, 15);
    const Tiles c = __builtin_shufflevector(v[1], v[3], 0, 1, 2, 3, 8, 9, 10, 11), d = __builtin_shufflevector(v[1], v[3], 4, 5, 6, 7, 12, 13, 14, 15);
    const Tiles ab = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13), ab2 = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
    const Tiles cd = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13), cd2 = __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
    v[0] = __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13);
    v[1] = __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
    v[2] = __builtin_shufflevector(ab2, cd2, 0, 1, 8, 9, 4, 5, 12, 13);
    v[3] = __builtin_shufflevector(ab2, cd2, 2, 3, 10, 11, 6, 7, 14, 15);
}

// And back: pixel k of every tile into the four pairs' 8 pixels.
inline void exchange_back(Tiles* v) {
    const Tiles a = __builtin_shufflevector(v[0], v[1], 0, 8, 1, 9, 4, 12, 5, 13), b = __builtin_shufflevector(v[0], v[1], 2, 10, 3, 11, 6, 14, 7, 15);
    const Tiles c = __builtin_shufflevector(v[2], v[3], 0, 8, 1, 9, 4, 12, 5, 13), d = __builtin_shufflevector(v[2], v[3], 2, 10, 3, 11, 6, 14, 7, 15);
    const Tiles t0 = __builtin_shufflevector(a, c, 0, 1, 8, 9, 4, 5, 12, 13), t1 = __builtin_shufflevector(a, c, 2, 3, 10, 11, 6, 7, 14, 15);
    const Tiles t2 = __builtin_shufflevector(b, d, 0, 1, 8, 9, 4, 5, 12, 13), t3 = __builtin_shufflevector(b, d, 2, 3, 10, 11, 6, 7, 14, 15);
    v[0] = __builtin_shufflevector(t0, t1, 0, 1, 2, 3, 8, 9, 10, 11);
    v[1] = __builtin_shufflevector(t2, t3, 0, 1, 2, 3, 8, 9, 10, 11);
    v[2] = __builtin_shufflevector(t0, t1, 4, 5, 6, 7, 12, 13, 14, 15);
    v[3] = __builtin_shufflevector(t2, t3, 4, 5, 6, 7, 12, 13, 14, 15);
}

// The pixels of one channel under a group of tiles, scaled. `factor` is 2 where the image is the one of 2n+1 pixels.
class TileReader {
public:
    TileReader(const conv3x3::Grid& grid, const conv3x3::Images& x, int64_t factor, int64_t channel, int64_t group) : width_(x.width), height_(x.height) {
        for (int64_t j = 0; j < 4; j++) {
            pairs_[j] = pair_at(grid, 4 * group + j);
            if (pairs_[j].sample < 0) continue;
            const int64_t plane = pairs_[j].sample * x.channels + channel;
            pixels_[j] = x.pixels + (plane * x.height + factor * pairs_[j].row) * x.width + factor * pairs_[j].column;
            scale_[j] = x.scale ? x.scale[plane] : 1.f;
        }
    }

    // Pixels 0 … 3 of row `row` (0 … 3) of every tile.
    void row(int64_t row, Tiles* out) const {
        for (int64_t j = 0; j < 4; j++) out[j] = pairs_[j].sample < 0 ? Tiles{} : scale_[j] * simd::load(pixels_[j] + row * width_);
        exchange(out);
    }

    // Pixels −1 … 4 of row `row` (−1 … 4), zeros outside the image.
    void row_with_halo(int64_t row, Tiles* out) const {
        Tiles left{}, right{};
        for (int64_t j = 0; j < 4; j++) {
            const Pair& pair = pairs_[j];
            const int64_t y = pair.row + row;
            if (pair.sample < 0 || y < 0 || y >= height_) {
                out[1 + j] = Tiles{};
                continue;
            }
            const float* p = pixels_[j] + row * width_;
            out[1 + j] = scale_[j] * simd::load(p);
            left[2 * j] = pair.column > 0 ? scale_[j] * p[-1] : 0.f;
            right[2 * j + 1] = pair.column + 8 < width_ ? scale_[j] * p[8] : 0.f;
        }
        exchange(out + 1);
        // Within a pair, the neighbour's pixel is already here.
        out[0] = __builtin_shufflevector(left, out[4], 0, 8, 2, 10, 4, 12, 6, 14);
        out[5] = __builtin_shufflevector(right, out[1], 9, 1, 11, 3, 13, 5, 15, 7);
    }

    // Pixels 0 … 8 of row `row` (0 … 8) under tiles twice as large, the even ones first.
    void row_of_phases(int64_t row, Tiles* out) const {
        Tiles right{}, even[4], odd[4];
        for (int64_t j = 0; j < 4; j++) {
            if (pairs_[j].sample < 0) {
                even[j] = odd[j] = Tiles{};
                continue;
            }
            const float* p = pixels_[j] + row * width_;
            const Tiles a = simd::load(p), b = simd::load(p + 8);
            even[j] = scale_[j] * __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
            odd[j] = scale_[j] * __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
            right[2 * j + 1] = scale_[j] * p[16];
        }
        exchange(even);
        exchange(odd);
        for (int64_t k = 0; k < 4; k++) {
            out[k] = even[k];
            out[5 + k] = odd[k];
        }
        out[4] = __builtin_shufflevector(right, even[0], 9, 1, 11, 3, 13, 5, 15, 7);
    }

private:
    Pair pairs_[4];
    const float* pixels_[4];
    float scale_[4];
    int64_t width_, height_;
};

}  // namespace atelier::ATELIER_ISA
