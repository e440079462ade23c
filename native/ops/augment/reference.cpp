#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "../fir/fir.h"
#include "augment.h"
#include "plan.h"

namespace atelier::augment {

namespace {

at::Tensor constant(const double* values, at::IntArrayRef shape, const at::Tensor& like) {
    return at::from_blob(const_cast<double*>(values), shape, at::kDouble).clone().to(like.options());
}

// x: [C, H, W] with reflected pixels along an axis.
at::Tensor pad(const at::Tensor& x, int64_t dim, int64_t before, int64_t behind) {
    std::vector<int64_t> source;
    for (int64_t i = -before; i < x.size(dim) + behind; i++) source.push_back(reflect(i, x.size(dim)));
    return x.index_select(dim, at::tensor(source, at::kLong).to(x.device()));
}

// Every sample as the sum of its four neighbours, those outside left out. x: [C, H, W] → [C, rows, columns].
at::Tensor sample(const at::Tensor& x, const double* p, int64_t rows, int64_t columns) {
    const int64_t height = x.size(1), width = x.size(2);
    at::Tensor sum;
    for (int64_t dy = 0; dy < 2; dy++)
        for (int64_t dx = 0; dx < 2; dx++) {
            std::vector<int64_t> source;
            std::vector<double> weight;
            for (int64_t i = 0; i < rows; i++)
                for (int64_t j = 0; j < columns; j++) {
                    const double px = p[0] * j + p[1] * i + p[2], py = p[3] * j + p[4] * i + p[5];
                    const double fx = std::floor(px), fy = std::floor(py), column = fx + dx, line = fy + dy;
                    const bool inside = column >= 0 && column < width && line >= 0 && line < height;
                    source.push_back(inside ? static_cast<int64_t>(line) * width + static_cast<int64_t>(column) : 0);
                    weight.push_back(inside ? (dx ? px - fx : 1 - (px - fx)) * (dy ? py - fy : 1 - (py - fy)) : 0);
                }
            const at::Tensor part = x.flatten(1).index_select(1, at::tensor(source, at::kLong).to(x.device())) *
                                    constant(weight.data(), {rows * columns}, x);
            sum = sum.defined() ? sum + part : part;
        }
    return sum.view({x.size(0), rows, columns});
}

at::Tensor warp(const at::Tensor& x, const Shape& shape, const Warp& w) {
    const at::Tensor taps = constant(wavelet, {wavelet_taps}, x);
    at::Tensor y = pad(pad(x, 1, w.top, w.bottom), 2, w.left, w.right).unsqueeze(0);
    y = fir::reference(y, taps, {2, 2, 1, 1, {6, 5, 6, 5}, false, 4});
    y = sample(y[0], w.position, shape.sample_rows(), shape.sample_columns()).unsqueeze(0);
    return fir::reference(y, taps, {1, 1, 2, 2, {-1, -1, -1, -1}, true, 1})[0];
}

at::Tensor recolour(const at::Tensor& x, const Image& image) {
    const at::Tensor m = constant(image.colour[0], {3, 4}, x), gains = m.slice(1, 0, 3), offset = m.slice(1, 3, 4);
    if (x.size(0) == 1) return x * (gains.sum() / 3) + offset.mean();
    return gains.matmul(x.flatten(1)).add(offset).view_as(x);
}

at::Tensor filter(const at::Tensor& x, const Image& image) {
    const at::Tensor taps = constant(image.taps, {band_taps}, x);
    const at::Tensor padded = pad(pad(x, 1, band_taps / 2, band_taps / 2), 2, band_taps / 2, band_taps / 2).unsqueeze(1);
    return fir::reference(padded, taps, {1, 1, 1, 1, {}, true, 1}).squeeze(1);
}

at::Tensor uncut(const at::Tensor& x, const Image& image) {
    at::Tensor mask = at::ones_like(x[0]);
    mask.slice(0, image.cut_top, image.cut_bottom).slice(1, image.cut_left, image.cut_right).zero_();
    return x * mask;
}

}  // namespace

at::Tensor reference(const at::Tensor& x, const at::Tensor& parameters, const at::Tensor& noise) {
    const Shape shape{x.size(1), x.size(2), x.size(3)};
    const at::Tensor rows = parameters.contiguous();
    std::vector<at::Tensor> images;
    for (int64_t n = 0; n < x.size(0); n++) {
        const Image image = plan(shape, rows.data_ptr<double>() + n * parameter_count);
        at::Tensor y = x[n];
        if (image.warps) y = warp(y, shape, image.warp);
        if (image.recolours) y = recolour(y, image);
        if (image.filters) y = filter(y, image);
        if (image.sigma != 0) y = y + noise[n].to(y.dtype()) * image.sigma;
        images.push_back(uncut(y, image).unsqueeze(0));
    }
    return at::cat(images);
}

}  // namespace atelier::augment
