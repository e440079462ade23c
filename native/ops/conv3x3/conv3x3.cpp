#include "conv3x3.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>

#include <algorithm>

#include "../isa/isa.h"
#include "scratch.h"
#include "winograd_kernel.h"

namespace atelier::conv3x3 {

namespace {

#if defined(ATELIER_HAS_AVX2)
bool has_kernels() { return isa::level() == isa::Level::avx2; }
const Kernels& kernels() { return avx2::winograd_kernels(); }
#else
bool has_kernels() { return false; }
const Kernels& kernels() { TORCH_CHECK(false, "Winograd's algorithm has no kernels for this processor"); }
#endif

// Measured crossovers with oneDNN's direct convolutions (docs/performance.md): with fewer tiles the products are too narrow for
// what their weights cost to transform (forward, input) or to carry (weight: 36 matrices, in and out of memory when they are large).
constexpr int64_t fewest_tiles = 24, fewest_tiles_of_stride2 = 48, fewest_tiles_of_weight = 48, fewest_tiles_of_large_weight = 96;
constexpr int64_t large_weight = 256 * 256;
// Below, though often faster, it rounds more than the direct convolution, and single small gradients of small networks show it.
constexpr int64_t fewest_channels = 32;

bool fits(const Size& s, int64_t fewest) {
    return has_kernels() && s.device.is_cpu() && s.type == at::kFloat && std::min(s.inputs, s.outputs) >= fewest_channels && s.inputs % 8 == 0 &&
           s.outputs % 8 == 0 && s.height % 4 == 0 && s.width % 8 == 0 &&
           Grid{s.samples, s.height, s.width}.tiles() >= fewest;
}

Images images_of(const at::Tensor& x, const at::Tensor& scale) {
    return {x.data_ptr<float>(), scale.defined() ? scale.data_ptr<float>() : nullptr, x.size(0), x.size(1), x.size(2), x.size(3)};
}

// Blocks taken together: the weights of a frequency are read once for all of them, so the more channels the more blocks.
int64_t blocks_at_once(int64_t inputs, int64_t outputs) { return inputs * outputs <= 128 * 128 ? 1 : 4; }

void convolve(Map map, const Grid& grid, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& w, bool adjoint, const rows::LayerEpilogue* epilogue,
              at::Tensor& y) {
    thread_local Scratch weights;
    const Images images = images_of(x, scale);
    const int64_t inputs = images.channels, outputs = y.size(1);
    float* u = weights.get(weight_matrices * inputs * outputs);
    const float* source = w.data_ptr<float>();
    at::parallel_for(0, outputs / panel_channels, 1,
                     [&](int64_t begin, int64_t end) { kernels().transform_weights(map, source, outputs, inputs, adjoint, u, begin, end); });
    rows::Epilogue<float> finish;
    if (epilogue) finish = epilogue->rows_of<float>(y);
    const int64_t blocks = blocks_at_once(inputs, outputs);
    float* target = y.data_ptr<float>();
    at::parallel_for(0, grid.groups(), 1, [&](int64_t begin, int64_t end) {
        thread_local Scratch tiles;
        float* scratch = tiles.get(convolve_scratch(map, inputs, outputs, blocks));
        kernels().convolve(map, grid, images, u, outputs, epilogue ? &finish : nullptr, target, scratch, blocks, begin, end);
    });
}

// The last row or column of a doubled image, [N, inputs, 2n+1] strided, from the last of the gradient's, [N, outputs, n], with the
// taps [outputs, inputs, 3] that reach over the edge.
void fill_edge(const at::Tensor& line, const at::Tensor& taps, at::Tensor edge) {
    const int64_t n = line.size(2), inputs = taps.size(1);
    const at::Tensor products =
        at::matmul(taps.permute({1, 2, 0}).reshape({3 * inputs, taps.size(0)}), line).view({line.size(0), inputs, 3, n});
    edge.slice(2, 0, 2 * n, 2).copy_(products.select(2, 0));
    edge.slice(2, 1, 2 * n, 2).copy_(products.select(2, 1));
    edge.select(2, 2 * n).zero_();
    edge.slice(2, 2, 2 * n + 1, 2).add_(products.select(2, 2));
}

at::Tensor scaled(const at::Tensor& line, const at::Tensor& scale) { return scale.defined() ? line * scale.unsqueeze(2) : line; }

}  // namespace

bool convolves(const Size& size, int64_t stride) { return fits(size, stride == 1 ? fewest_tiles : fewest_tiles_of_stride2); }
bool correlates(const Size& size) { return fits(size, size.inputs * size.outputs > large_weight ? fewest_tiles_of_large_weight : fewest_tiles_of_weight); }

at::Tensor forward(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& w, int64_t stride, const rows::LayerEpilogue* epilogue) {
    const Grid grid{x.size(0), x.size(2) / stride, x.size(3) / stride};
    at::Tensor y = at::empty({x.size(0), w.size(0), grid.height, grid.width}, x.options());
    convolve(stride == 1 ? Map::same : Map::halve, grid, x, scale, w, false, epilogue, y);
    return y;
}

at::Tensor input_gradient(const at::Tensor& g, const at::Tensor& scale, const at::Tensor& w, int64_t stride, const rows::LayerEpilogue* epilogue) {
    const Grid grid{g.size(0), g.size(2), g.size(3)};
    const int64_t n = grid.height, m = grid.width;
    if (stride == 1) {
        at::Tensor x = at::empty({g.size(0), w.size(1), n, m}, g.options());
        convolve(Map::same, grid, g, scale, w, true, epilogue, x);
        return x;
    }
    at::Tensor x = at::empty({g.size(0), w.size(1), 2 * n + 1, 2 * m + 1}, g.options());
    convolve(Map::twofold, grid, g, scale, w, true, nullptr, x);
    fill_edge(scaled(g.select(2, n - 1), scale), w.select(2, 2), x.select(2, 2 * n));
    fill_edge(scaled(g.select(3, m - 1), scale), w.select(3, 2), x.select(3, 2 * m));
    if (epilogue) rows::forward_(*epilogue, x);
    return x;
}

at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& x_scale, const at::Tensor& g, const at::Tensor& g_scale) {
    thread_local Scratch inputs_scratch, gradients_scratch, products_scratch;
    const Grid grid{x.size(0), x.size(2), x.size(3)};
    const Images images = images_of(x, x_scale), gradients = images_of(g, g_scale);
    const int64_t inputs = images.channels, outputs = gradients.channels, groups = grid.groups(), products = weight_matrices * inputs * outputs;
    // As many tiles at a time as keep both transforms in the third cache, or as the products take, which each time are read and written.
    constexpr int64_t cache = 20'000'000 / sizeof(float);
    const int64_t per_group = weight_matrices * group_tiles * (inputs + outputs);
    const int64_t wanted = std::max<int64_t>(6, std::max(cache, products) / per_group);
    const int64_t steps = (groups + wanted - 1) / wanted, step = (groups + steps - 1) / steps;
    const int64_t v_stride = inputs * step * group_tiles + set_shift, g_stride = outputs * step * group_tiles + set_shift;
    float *v = inputs_scratch.get(weight_matrices * v_stride), *m = gradients_scratch.get(weight_matrices * g_stride), *d = products_scratch.get(products);
    for (int64_t first = 0; first < groups; first += step) {
        const int64_t count = std::min(step, groups - first);
        at::parallel_for(0, inputs + outputs, 1, [&](int64_t begin, int64_t end) {
            if (begin < inputs) kernels().transform_images(grid, images, false, first, count, v, v_stride, begin, std::min(end, inputs));
            if (end > inputs) kernels().transform_images(grid, gradients, true, first, count, m, g_stride, std::max(begin, inputs) - inputs, end - inputs);
        });
        at::parallel_for(0, weight_matrices, 1, [&](int64_t begin, int64_t end) {
            kernels().correlate(v, v_stride, inputs, m, g_stride, outputs, count * group_tiles, first > 0, d, begin, end);
        });
    }
    at::Tensor w = at::empty({outputs, inputs, 3, 3}, x.options());
    float* target = w.data_ptr<float>();
    at::parallel_for(0, inputs, 1, [&](int64_t begin, int64_t end) { kernels().finish_weights(d, inputs, outputs, target, begin, end); });
    return w;
}

}  // namespace atelier::conv3x3
