// Winograd's minimal filtering (Winograd 1980; Lavin and Gray 2016) for convolutions 3×3. No libtorch here.
//
// A tile of the output is Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ d B) ] A, with d the input pixels it needs and ⊙ one independent product per
// frequency: summed over channels, as many matrix products. The weight's gradient is Gᵀ [ Σ tiles (Bᵀ d B) ⊙ (A ȳ Aᵀ) ] G.
// The one-dimensional transforms stand in winograd_transforms.h.
//
//   same    stride 1, padding 1: F(4×4, 3×3), tiles of 4×4 from 6×6 pixels, 36 frequencies: 2.25 multiplications a pixel and
//           pair of channels instead of 9
//   halve   stride 2, no padding, 2n+1 → n pixels: even pixels meet two taps, odd ones the third. Along each axis F(4, 2) on
//           the former (5 points) beside plain products of the latter (4): 81 frequencies a tile of 4×4, 5.06
//           multiplications an output pixel and pair instead of 9. Plain products share their weights: 36 matrices again.
//   double  its adjoint, n → 2n pixels of the 2n+1: row and column 2n are the caller's to add
//
// Eight tiles side by side fill a register ("group"); a pair of tiles is eight contiguous pixels of a row of the n-pixel side
// ("grid"), so that images may be as narrow as 8 pixels. Groups count tiles over rows, tile rows and samples alike; the last
// one may lack pairs.
#pragma once

#include <cstdint>

#include "../rows/rows_kernel.h"

namespace atelier::conv3x3 {

enum class Map { same, halve, twofold };

constexpr int64_t frequencies(Map map) { return map == Map::same ? 36 : 81; }
constexpr int64_t weight_matrices = 36;
constexpr int64_t group_tiles = 8;
constexpr int64_t block_groups = 3;  // what the register file holds of a product: 4 channels × 3 registers
constexpr int64_t panel_channels = 4;
constexpr int64_t set_shift = 16;  // added to strides that would otherwise put all frequencies into one cache set

// Images [samples, channels, height, width].
struct Images {
    const float* pixels;
    const float* scale;  // [samples, channels], applied on loading; null: none
    int64_t samples, channels, height, width;
};

// The side of n pixels; height a multiple of 4, width of 8.
struct Grid {
    int64_t samples, height, width;
    int64_t tiles() const { return samples * (height / 4) * (width / 4); }
    int64_t groups() const { return (tiles() + group_tiles - 1) / group_tiles; }
};

// Scratch of one call of `convolve`, in numbers: transformed input and product of `blocks` blocks.
constexpr int64_t plane_stride(int64_t channels, int64_t blocks) { return channels * blocks * block_groups * group_tiles + set_shift; }
constexpr int64_t convolve_scratch(Map map, int64_t inputs, int64_t outputs, int64_t blocks) {
    return frequencies(map) * (plane_stride(inputs, blocks) + plane_stride(outputs, blocks));
}

struct Kernels {
    // G w Gᵀ of panels [begin, end) of 4 output channels into u [36, outputs/4, inputs, 4]. w is [outputs, inputs, 3, 3]; with
    // `adjoint` it is [inputs, outputs, 3, 3] and meets the image rotated by 180°, which is the input's gradient.
    void (*transform_weights)(Map map, const float* w, int64_t outputs, int64_t inputs, bool adjoint, float* u, int64_t begin, int64_t end);

    // Groups [begin, end) of the map of x with u into y [samples, outputs, …], in steps of `blocks` blocks, ending in the
    // epilogue (null: none; not for `twofold`). Every output is summed in the same order whatever the range.
    void (*convolve)(Map map, const Grid& grid, const Images& x, const float* u, int64_t outputs, const rows::Epilogue<float>* epilogue, float* y,
                     float* scratch, int64_t blocks, int64_t begin, int64_t end);

    // For the weight's gradient of `same`: Bᵀ d B of the input (of_gradient false) or A ȳ Aᵀ of the output's gradient (true), groups
    // [first, first + count) of channels [begin, end) into out [36, channels, count·8], frequencies `stride` apart.
    void (*transform_images)(const Grid& grid, const Images& x, bool of_gradient, int64_t first, int64_t count, float* out, int64_t stride, int64_t begin,
                             int64_t end);

    // Frequencies [begin, end): d [36, inputs, outputs] (+)= v [36, inputs, tiles] · gᵀ [36, outputs, tiles].
    void (*correlate)(const float* v, int64_t v_stride, int64_t inputs, const float* g, int64_t g_stride, int64_t outputs, int64_t tiles, bool accumulate,
                      float* d, int64_t begin, int64_t end);

    // Gᵀ d G of input channels [begin, end) into w [outputs, inputs, 3, 3].
    void (*finish_weights)(const float* d, int64_t inputs, int64_t outputs, float* w, int64_t begin, int64_t end);
};

}  // namespace atelier::conv3x3

namespace atelier::avx2 {
const conv3x3::Kernels& winograd_kernels();
}
