#include "rows.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <limits>

#include "../isa/isa.h"

namespace atelier::rows {

template <typename T>
const Kernels<T>& kernels() {
#if defined(ATELIER_HAS_AVX2)
    if (isa::level() == isa::Level::avx2) return avx2::row_kernels<T>();
#endif
    return portable::row_kernels<T>();
}
template const Kernels<float>& kernels<float>();
template const Kernels<double>& kernels<double>();

int64_t grain(int64_t pixels) { return std::max<int64_t>(1, 32768 / std::max<int64_t>(1, pixels)); }

namespace {

int64_t row_count(const at::Tensor& image) { return image.size(0) * image.size(1); }
int64_t pixels_of(const at::Tensor& image) { return row_count(image) == 0 ? 0 : image.numel() / row_count(image); }

template <typename T>
const T* data_or_null(const at::Tensor& t) {
    return t.defined() ? t.data_ptr<T>() : nullptr;
}

at::Tensor row_sums(const at::Tensor& image, bool wanted) {
    return wanted ? at::empty({image.size(0), image.size(1)}, image.options()) : at::Tensor();
}

template <typename T>
T* target(const at::Tensor& t) {
    return t.defined() ? t.data_ptr<T>() : nullptr;
}

template <typename Body>
void for_rows(const at::Tensor& image, Body&& body) {
    at::parallel_for(0, row_count(image), grain(pixels_of(image)), body);
}

}  // namespace

template <typename T>
Epilogue<T> LayerEpilogue::rows_of(const at::Tensor& image) const {
    Epilogue<T> e;
    e.channels = image.size(1);
    e.pixels = pixels_of(image);
    e.scale = data_or_null<T>(scale);
    e.noise = data_or_null<T>(noise);
    e.noise_stride = noise.defined() && noise.size(0) > 1 ? e.pixels : 0;
    e.strength = strength.defined() ? *data_or_null<T>(strength) : T(1);
    e.bias = data_or_null<T>(bias);
    e.positive = static_cast<T>(positive);
    e.negative = static_cast<T>(negative);
    e.clamp = clamp < 0 ? std::numeric_limits<T>::infinity() : static_cast<T>(clamp);
    return e;
}
template Epilogue<float> LayerEpilogue::rows_of<float>(const at::Tensor&) const;
template Epilogue<double> LayerEpilogue::rows_of<double>(const at::Tensor&) const;

at::Tensor forward(const LayerEpilogue& epilogue, const at::Tensor& u) {
    at::Tensor y = at::empty_like(u);
    AT_DISPATCH_FLOATING_TYPES(u.scalar_type(), "epilogue_forward", [&] {
        const auto e = epilogue.rows_of<scalar_t>(u);
        const scalar_t* in = data_or_null<scalar_t>(u);
        scalar_t* out = target<scalar_t>(y);
        for_rows(u, [&](int64_t begin, int64_t end) { kernels<scalar_t>().forward(e, in, out, begin, end); });
    });
    return y;
}

void forward_(const LayerEpilogue& epilogue, at::Tensor& u) {
    if (epilogue.is_identity()) return;
    AT_DISPATCH_FLOATING_TYPES(u.scalar_type(), "epilogue_forward_", [&] {
        const auto e = epilogue.rows_of<scalar_t>(u);
        scalar_t* data = target<scalar_t>(u);
        for_rows(u, [&](int64_t begin, int64_t end) { kernels<scalar_t>().forward(e, data, data, begin, end); });
    });
}

Backward backward(const LayerEpilogue& epilogue, const at::Tensor& dy, const at::Tensor& y, Wanted wanted) {
    Backward result{wanted.du ? at::empty_like(dy) : at::Tensor(), row_sums(dy, wanted.sum), row_sums(dy, wanted.sum_noise), row_sums(dy, wanted.sum_u)};
    AT_DISPATCH_FLOATING_TYPES(dy.scalar_type(), "epilogue_backward", [&] {
        const auto e = epilogue.rows_of<scalar_t>(dy);
        const RowSums<scalar_t> sums{target<scalar_t>(result.sum), target<scalar_t>(result.sum_noise), target<scalar_t>(result.sum_u)};
        const scalar_t *gradient = data_or_null<scalar_t>(dy), *level = data_or_null<scalar_t>(y);
        scalar_t* du = target<scalar_t>(result.du);
        for_rows(dy, [&](int64_t begin, int64_t end) { kernels<scalar_t>().backward(e, gradient, level, du, sums, begin, end); });
    });
    return result;
}

Tangent tangent(const LayerEpilogue& epilogue, const Tangents& tangents, const at::Tensor& a, const at::Tensor& du, const at::Tensor& y,
                bool want_dy, bool want_dot) {
    Tangent result{want_dy ? at::empty_like(y) : at::Tensor(), row_sums(y, want_dot)};
    AT_DISPATCH_FLOATING_TYPES(y.scalar_type(), "epilogue_tangent", [&] {
        const auto e = epilogue.rows_of<scalar_t>(y);
        const RowTangents<scalar_t> t{data_or_null<scalar_t>(tangents.scale), data_or_null<scalar_t>(tangents.bias),
                                      tangents.strength.defined() ? *data_or_null<scalar_t>(tangents.strength) : scalar_t(0)};
        const scalar_t *tangent_u = data_or_null<scalar_t>(a), *gradient = data_or_null<scalar_t>(du), *level = data_or_null<scalar_t>(y);
        scalar_t *out = target<scalar_t>(result.dy), *dots = target<scalar_t>(result.dot);
        for_rows(y, [&](int64_t begin, int64_t end) { kernels<scalar_t>().tangent(e, t, tangent_u, gradient, level, out, dots, begin, end); });
    });
    return result;
}

at::Tensor scale(const at::Tensor& x, const at::Tensor& s) {
    at::Tensor y = at::empty_like(x);
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "row_scale", [&] {
        const scalar_t *in = data_or_null<scalar_t>(x), *factor = data_or_null<scalar_t>(s);
        scalar_t* out = target<scalar_t>(y);
        for_rows(x, [&](int64_t begin, int64_t end) { kernels<scalar_t>().scale(in, factor, out, pixels_of(x), begin, end); });
    });
    return y;
}

at::Tensor combine(const at::Tensor& a, const at::Tensor& s, const at::Tensor& b, const at::Tensor& r) {
    at::Tensor y = at::empty_like(a);
    AT_DISPATCH_FLOATING_TYPES(a.scalar_type(), "row_combine", [&] {
        const scalar_t *first = data_or_null<scalar_t>(a), *of_first = data_or_null<scalar_t>(s);
        const scalar_t *second = data_or_null<scalar_t>(b), *of_second = data_or_null<scalar_t>(r);
        scalar_t* out = target<scalar_t>(y);
        for_rows(a, [&](int64_t begin, int64_t end) { kernels<scalar_t>().combine(first, of_first, second, of_second, out, pixels_of(a), begin, end); });
    });
    return y;
}

std::pair<at::Tensor, at::Tensor> scale_dot(at::Tensor t, const at::Tensor& s, const at::Tensor& x, bool overwrite) {
    at::Tensor y = overwrite ? t : at::empty_like(t), sums = row_sums(x, true);
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "row_scale_dot", [&] {
        const scalar_t *in = data_or_null<scalar_t>(t), *factor = data_or_null<scalar_t>(s), *other = data_or_null<scalar_t>(x);
        scalar_t *out = target<scalar_t>(y), *total = target<scalar_t>(sums);
        for_rows(x, [&](int64_t begin, int64_t end) { kernels<scalar_t>().scale_dot(in, factor, other, out, total, pixels_of(x), begin, end); });
    });
    return {y, sums};
}

at::Tensor dot(const at::Tensor& a, const at::Tensor& b) {
    at::Tensor result = row_sums(a, true);
    AT_DISPATCH_FLOATING_TYPES(a.scalar_type(), "row_dot", [&] {
        const scalar_t *first = data_or_null<scalar_t>(a), *second = data_or_null<scalar_t>(b);
        scalar_t* out = target<scalar_t>(result);
        for_rows(a, [&](int64_t begin, int64_t end) { kernels<scalar_t>().dot(first, second, out, pixels_of(a), begin, end); });
    });
    return result;
}

}  // namespace atelier::rows
