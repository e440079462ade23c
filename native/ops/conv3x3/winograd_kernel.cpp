#include "winograd_kernel.h"

#include <algorithm>

#include "../rows/epilogue_row.h"
#include "winograd_products.h"
#include "winograd_tiles.h"
#include "winograd_transforms.h"

namespace atelier::ATELIER_ISA {
namespace {

using conv3x3::block_groups;
using conv3x3::Grid;
using conv3x3::group_tiles;
using conv3x3::Images;
using conv3x3::Map;
using conv3x3::panel_channels;
using conv3x3::plane_stride;
using conv3x3::weight_matrices;

// Calls body(axis) with the algorithm that a map uses on both axes.
template <typename Body>
void with_axis(Map map, Body&& body) {
    switch (map) {
        case Map::same: body(SameAxis{}); break;
        case Map::halve: body(HalvingAxis{}); break;
        case Map::twofold: body(DoublingAxis{}); break;
    }
}

template <typename Axis>
constexpr int64_t frequencies = Axis::points* Axis::points;

// The matrix of weights that a frequency multiplies.
template <typename Axis>
int64_t matrix_of(int64_t frequency) {
    return 6 * Axis::weight_of(frequency / Axis::points) + Axis::weight_of(frequency % Axis::points);
}

template <typename Axis>
void transform_weights(const float* w, int64_t outputs, int64_t inputs, bool adjoint, float* u, int64_t begin, int64_t end) {
    const int64_t matrix_stride = outputs * inputs;
    for (int64_t panel = begin; panel < end; panel++) {
        for (int64_t i = 0; i < inputs; i += 2) {
            // A register holds 4 outputs of 2 inputs, as u does.
            Tiles taps[9], half[18], whole[weight_matrices];
            for (int64_t lane = 0; lane < 8; lane++) {
                const int64_t output = panel * panel_channels + lane % 4, input = i + lane / 4;
                const float* source = w + 9 * (adjoint ? input * outputs + output : output * inputs + input);
                for (int64_t k = 0; k < 9; k++) taps[k][lane] = source[adjoint ? 8 - k : k];
            }
            for (int64_t j = 0; j < 3; j++) Axis::weight(taps + j, 3, half + j, 3);
            for (int64_t j = 0; j < 6; j++) Axis::weight(half + 3 * j, 1, whole + 6 * j, 1);
            float* target = u + (panel * inputs + i) * panel_channels;
            for (int64_t m = 0; m < weight_matrices; m++) simd::store(target + m * matrix_stride, whole[m]);
        }
    }
}

template <typename Axis>
void read_row(const TileReader& reader, int64_t row, Tiles* pixels) {
    if constexpr (Axis::input_pixels == 9) reader.row_of_phases(row, pixels);
    else reader.row_with_halo(row - 1, pixels);
}

// Row r of the pixels as the transform counts them: with two phases, the even rows come first.
template <typename Axis>
constexpr int64_t place_of(int64_t row) {
    return Axis::input_pixels == 9 ? (row % 2 == 0 ? row / 2 : 5 + row / 2) : row;
}

// Bᵀ d B of one channel and group: out[f·stride].
template <typename Axis>
inline void transform_input_group(const Grid& grid, const Images& x, int64_t channel, int64_t group, float* out, int64_t stride) {
    constexpr int64_t points = Axis::points, height = Axis::input_pixels;
    const TileReader reader(grid, x, height == 9 ? 2 : 1, channel, group);
    Tiles rows[height * points];
    for (int64_t y = 0; y < height; y++) {
        Tiles pixels[9];
        read_row<Axis>(reader, y, pixels);
        Axis::input(pixels, 1, rows + points * place_of<Axis>(y), 1);
    }
    for (int64_t j = 0; j < points; j++) {
        Tiles column[points];
        Axis::input(rows + j, points, column, 1);
        for (int64_t i = 0; i < points; i++) simd::store(out + (points * i + j) * stride, column[i]);
    }
}

// A ȳ Aᵀ of one channel and group.
inline void transform_gradient_group(const Grid& grid, const Images& x, int64_t channel, int64_t group, float* out, int64_t stride) {
    constexpr int64_t points = SameAxis::points;
    const TileReader reader(grid, x, 1, channel, group);
    Tiles rows[4 * points];
    for (int64_t y = 0; y < 4; y++) {
        Tiles pixels[4];
        reader.row(y, pixels);
        SameAxis::gradient(pixels, 1, rows + points * y, 1);
    }
    for (int64_t j = 0; j < points; j++) {
        Tiles column[points];
        SameAxis::gradient(rows + j, points, column, 1);
        for (int64_t i = 0; i < points; i++) simd::store(out + (points * i + j) * stride, column[i]);
    }
}

// Where a channel's output lies.
struct Target {
    float* pixels;
    int64_t channels, height, width;
    const rows::Epilogue<float>* epilogue;
};

// A tile's rows, 4 pixels of 8 tiles each, into an image of n pixels.
inline void store_tiles(Tiles* tile, const Grid& grid, const Target& y, int64_t channel, int64_t group) {
    for (int64_t r = 0; r < 4; r++) exchange_back(tile + 4 * r);
    for (int64_t j = 0; j < 4; j++) {
        const Pair pair = pair_at(grid, 4 * group + j);
        if (pair.sample < 0) return;
        const int64_t plane = pair.sample * y.channels + channel, first = pair.row * y.width + pair.column;
        float* target = y.pixels + plane * y.height * y.width + first;
        if (y.epilogue) {
            const auto finish = EpilogueRow<float>::of(*y.epilogue, plane);
            for (int64_t r = 0; r < 4; r++)
                simd::store(target + r * y.width, finish.apply(tile[4 * r + j], first + r * y.width, simd::Whole<float>{}));
        } else {
            for (int64_t r = 0; r < 4; r++) simd::store(target + r * y.width, tile[4 * r + j]);
        }
    }
}

// A tile's rows, 4 even and 4 odd pixels of 8 tiles each, the even rows first, into an image of 2n+1 pixels.
inline void store_phases(Tiles* tile, const Grid& grid, const Target& y, int64_t channel, int64_t group) {
    for (int64_t r = 0; r < 16; r++) exchange_back(tile + 4 * r);
    for (int64_t j = 0; j < 4; j++) {
        const Pair pair = pair_at(grid, 4 * group + j);
        if (pair.sample < 0) return;
        float* target = y.pixels + ((pair.sample * y.channels + channel) * y.height + 2 * pair.row) * y.width + 2 * pair.column;
        for (int64_t r = 0; r < 8; r++) {
            const Tiles even = tile[8 * r + j], odd = tile[8 * r + 4 + j];
            float* row = target + (r < 4 ? 2 * r : 2 * (r - 4) + 1) * y.width;
            simd::store(row, __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11));
            simd::store(row + 8, __builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15));
        }
    }
}

// Aᵀ m A of one channel and group, into the image.
template <typename Axis>
inline void transform_output_group(const float* m, int64_t stride, const Grid& grid, const Target& y, int64_t channel, int64_t group) {
    constexpr int64_t points = Axis::points, pixels = Axis::output_pixels;
    Tiles rows[points * pixels], tile[pixels * pixels];
    for (int64_t i = 0; i < points; i++) {
        Tiles row[points];
        for (int64_t j = 0; j < points; j++) row[j] = simd::load(m + (points * i + j) * stride);
        Axis::output(row, 1, rows + pixels * i, 1);
    }
    for (int64_t j = 0; j < pixels; j++) Axis::output(rows + j, pixels, tile + j, pixels);
    if constexpr (pixels == 4) store_tiles(tile, grid, y, channel, group);
    else store_phases(tile, grid, y, channel, group);
}

template <typename Axis>
void convolve(const Grid& grid, const Images& x, const float* u, const Target& y, float* scratch, int64_t blocks, int64_t begin, int64_t end) {
    const int64_t inputs = x.channels, outputs = y.channels, panels = outputs / panel_channels;
    const int64_t v_stride = plane_stride(inputs, blocks), m_stride = plane_stride(outputs, blocks);
    float* v = scratch;                                 // [frequency][block][inputs][tiles of the block]
    float* m = scratch + frequencies<Axis> * v_stride;  // [frequency][block][panels][4][tiles of the block]
    for (int64_t step = begin; step < end; step += blocks * block_groups) {
        const int64_t step_end = std::min(step + blocks * block_groups, end);
        for (int64_t first = step; first < step_end; first += block_groups) {
            const int64_t groups = std::min(block_groups, step_end - first), tiles = groups * group_tiles;
            float* block = v + (first - step) * group_tiles * inputs;
            for (int64_t c = 0; c < inputs; c++)
                for (int64_t g = 0; g < groups; g++) transform_input_group<Axis>(grid, x, c, first + g, block + c * tiles + g * group_tiles, v_stride);
        }
        for (int64_t f = 0; f < frequencies<Axis>; f++) {
            const float* matrix = u + matrix_of<Axis>(f) * inputs * outputs;
            for (int64_t p = 0; p < panels; p++)
                for (int64_t first = step; first < step_end; first += block_groups) {
                    const int64_t groups = std::min(block_groups, step_end - first), offset = (first - step) * group_tiles;
                    multiply_panel(groups, matrix + p * inputs * panel_channels, v + f * v_stride + offset * inputs, inputs,
                                   m + f * m_stride + offset * outputs + p * panel_channels * groups * group_tiles);
                }
        }
        for (int64_t first = step; first < step_end; first += block_groups) {
            const int64_t groups = std::min(block_groups, step_end - first), tiles = groups * group_tiles;
            const float* block = m + (first - step) * group_tiles * outputs;
            for (int64_t c = 0; c < outputs; c++)
                for (int64_t g = 0; g < groups; g++) transform_output_group<Axis>(block + c * tiles + g * group_tiles, m_stride, grid, y, c, first + g);
        }
    }
}

void transform_images(const Grid& grid, const Images& x, bool of_gradient, int64_t first, int64_t count, float* out, int64_t stride, int64_t begin,
                      int64_t end) {
    for (int64_t c = begin; c < end; c++)
        for (int64_t g = 0; g < count; g++) {
            float* target = out + (c * count + g) * group_tiles;
            if (of_gradient) transform_gradient_group(grid, x, c, first + g, target, stride);
            else transform_input_group<SameAxis>(grid, x, c, first + g, target, stride);
        }
}

void correlate(const float* v, int64_t v_stride, int64_t inputs, const float* g, int64_t g_stride, int64_t outputs, int64_t tiles, bool accumulate, float* d,
               int64_t begin, int64_t end) {
    constexpr int64_t resident = 24;  // rows of v that stay in the first cache while the panels of g stream past
    for (int64_t f = begin; f < end; f++)
        for (int64_t first = 0; first < inputs; first += resident)
            for (int64_t o = 0; o < outputs; o += panel_channels) {
                const int64_t last = std::min(first + resident, inputs);
                for (int64_t i = first; i < last; i += correlate_rows)
                    correlate_panel(std::min(correlate_rows, last - i), g + f * g_stride + o * tiles, v + f * v_stride + i * tiles, tiles, accumulate,
                                    d + (f * inputs + i) * outputs + o, outputs);
            }
}

void finish_weights(const float* d, int64_t inputs, int64_t outputs, float* w, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
        for (int64_t o = 0; o < outputs; o += 8) {
            Tiles whole[weight_matrices], half[18], taps[9];
            for (int64_t m = 0; m < weight_matrices; m++) whole[m] = simd::load(d + (m * inputs + i) * outputs + o);
            for (int64_t j = 0; j < 6; j++) SameAxis::weight_gradient(whole + j, 6, half + j, 6);
            for (int64_t j = 0; j < 3; j++) SameAxis::weight_gradient(half + 6 * j, 1, taps + 3 * j, 1);
            for (int64_t lane = 0; lane < 8; lane++)
                for (int64_t k = 0; k < 9; k++) w[((o + lane) * inputs + i) * 9 + k] = taps[k][lane];
        }
}

void transform_weights_of(Map map, const float* w, int64_t outputs, int64_t inputs, bool adjoint, float* u, int64_t begin, int64_t end) {
    with_axis(map, [&](auto axis) { transform_weights<decltype(axis)>(w, outputs, inputs, adjoint, u, begin, end); });
}

void convolve_by(Map map, const Grid& grid, const Images& x, const float* u, int64_t outputs, const rows::Epilogue<float>* epilogue, float* y, float* scratch,
                 int64_t blocks, int64_t begin, int64_t end) {
    const int64_t edge = map == Map::twofold ? 1 : 0, factor = 1 + edge;
    const Target target{y, outputs, factor * grid.height + edge, factor * grid.width + edge, epilogue};
    with_axis(map, [&](auto axis) { convolve<decltype(axis)>(grid, x, u, target, scratch, blocks, begin, end); });
}

}  // namespace

const conv3x3::Kernels& winograd_kernels() {
    static const conv3x3::Kernels table{&transform_weights_of, &convolve_by, &transform_images, &correlate, &finish_weights};
    return table;
}

}  // namespace atelier::ATELIER_ISA
