#include "fir.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "../abi/abi.h"
#include "../abi/constant.h"
#include "../isa/isa.h"

namespace atelier::fir {

namespace {

template <typename T>
const Kernels<T>& kernels() {
#if defined(ATELIER_HAS_AVX2)
    if (isa::level() == isa::Level::avx2) return avx2::fir_kernels<T>();
#endif
    return portable::fir_kernels<T>();
}

// f = Σ terms column ⊗ row: one term where f is an outer product up to rounding, else a term per row.
void decompose(const double* f, int64_t rows, int64_t columns, double rounding, Spec& spec) {
    const double* pivot = std::max_element(f, f + rows * columns, [](double a, double b) { return std::abs(a) < std::abs(b); });
    const int64_t p = (pivot - f) / columns, q = (pivot - f) % columns;
    bool separable = true;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            separable = separable && std::abs(f[i * columns + j] * *pivot - f[i * columns + q] * f[p * columns + j]) <= rounding * *pivot * *pivot;
    if (separable) {
        spec.terms = 1;
        spec.column_filters.assign(rows, 0.0);
        spec.row_filters.assign(columns, 0.0);
        for (int64_t i = 0; i < rows; i++) spec.column_filters[i] = f[i * columns + q];
        for (int64_t j = 0; j < columns; j++) spec.row_filters[j] = *pivot == 0 ? 0 : f[p * columns + j] / *pivot;
        return;
    }
    spec.terms = rows;
    spec.column_filters.assign(rows * rows, 0.0);
    for (int64_t i = 0; i < rows; i++) spec.column_filters[i * rows + i] = 1;
    spec.row_filters.assign(f, f + rows * columns);
}

std::vector<double> values_of(const at::Tensor& filter) {
    const at::Tensor values = filter.detach().to(at::kCPU, at::kDouble).contiguous();
    return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

void reverse_terms(std::vector<double>& filters, int64_t terms) {
    const int64_t taps = static_cast<int64_t>(filters.size()) / terms;
    for (int64_t t = 0; t < terms; t++) std::reverse(filters.begin() + t * taps, filters.begin() + (t + 1) * taps);
}

struct Filtered : torch::autograd::Function<Filtered> {
    static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x, const Spec& spec) {
        abi::keep(ctx, "adjoint", spec.adjoint(x.size(2), x.size(3)));
        return run(spec, x);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list gradients) {
        return {Filtered::apply(gradients[0].contiguous(), abi::kept<Spec>(ctx, "adjoint")), at::Tensor()};
    }
};

}  // namespace

Axis Spec::y_axis(int64_t height) const {
    return {height, (height * up_y + padding.top + padding.bottom - rows()) / down_y + 1, up_y, down_y, padding.top};
}

Axis Spec::x_axis(int64_t width) const {
    return {width, (width * up_x + padding.left + padding.right - columns()) / down_x + 1, up_x, down_x, padding.left};
}

Spec Spec::adjoint(int64_t height, int64_t width) const {
    const Axis y = y_axis(height), x = x_axis(width);
    Spec result = *this;
    std::swap(result.up_x, result.down_x);
    std::swap(result.up_y, result.down_y);
    reverse_terms(result.column_filters, terms);
    reverse_terms(result.row_filters, terms);
    result.padding.left = columns() - padding.left - 1;
    result.padding.top = rows() - padding.top - 1;
    result.padding.right = width * up_x - x.output * down_x + padding.left - up_x + 1;
    result.padding.bottom = height * up_y - y.output * down_y + padding.top - up_y + 1;
    return result;
}

Spec make_spec(const at::Tensor& filter, const Arguments& a) {
    TORCH_CHECK(a.up_x >= 1 && a.up_y >= 1 && a.down_x >= 1 && a.down_y >= 1, "upfirdn2d: up (", a.up_x, ", ", a.up_y, ") and down (", a.down_x, ", ",
                a.down_y, ") must be at least 1");
    Spec spec;
    spec.up_x = a.up_x;
    spec.up_y = a.up_y;
    spec.down_x = a.down_x;
    spec.down_y = a.down_y;
    spec.padding = a.padding;
    if (!filter.defined()) {
        spec.column_filters = {a.gain};
        return spec;
    }
    TORCH_CHECK(filter.dim() == 1 || filter.dim() == 2, "upfirdn2d: filter must be [taps] or [rows, columns], it is ", filter.sizes());
    TORCH_CHECK(filter.numel() > 0 && filter.size(0) <= largest_filter && filter.size(-1) <= largest_filter, "upfirdn2d: filter ", filter.sizes(),
                " must have 1 to ", largest_filter, " taps an axis");
    std::vector<double> f = values_of(filter);
    if (!a.flip) std::reverse(f.begin(), f.end());
    if (filter.dim() == 1) {
        spec.row_filters = f;
        spec.column_filters = f;
        for (double& tap : spec.column_filters) tap *= a.gain;
        return spec;
    }
    const double rounding = filter.scalar_type() == at::kDouble ? 4 * std::numeric_limits<double>::epsilon() : 4 * std::numeric_limits<float>::epsilon();
    for (double& tap : f) tap *= a.gain;
    decompose(f.data(), filter.size(0), filter.size(1), rounding, spec);
    return spec;
}

at::Tensor run(const Spec& spec, const at::Tensor& x, const rows::LayerEpilogue* epilogue) {
    const Axis y_axis = spec.y_axis(x.size(2)), x_axis = spec.x_axis(x.size(3));
    TORCH_CHECK(y_axis.output >= 1 && x_axis.output >= 1, "upfirdn2d: image ", x.sizes(), " is smaller than the filter after padding (",
                spec.padding.left, ", ", spec.padding.right, ", ", spec.padding.top, ", ", spec.padding.bottom, ")");
    at::Tensor out = at::empty({x.size(0), x.size(1), y_axis.output, x_axis.output}, x.options());
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "upfirdn2d", [&] {
        const std::vector<scalar_t> columns(spec.column_filters.begin(), spec.column_filters.end()), rows(spec.row_filters.begin(), spec.row_filters.end());
        const Taps<scalar_t> taps{spec.terms, spec.rows(), spec.columns(), columns.data(), rows.data()};
        rows::Epilogue<scalar_t> finish;
        if (epilogue) finish = epilogue->rows_of<scalar_t>(out);
        const scalar_t* in = x.data_ptr<scalar_t>();
        scalar_t* result = out.data_ptr<scalar_t>();
        const int64_t planes = x.size(0) * x.size(1), pixels = std::max(y_axis.input * x_axis.input, y_axis.output * x_axis.output);
        at::parallel_for(0, planes, rows::grain(pixels), [&](int64_t begin, int64_t end) {
            thread_local std::vector<scalar_t> scratch;
            const size_t needed = scratch_size(x_axis, taps.columns);
            if (scratch.size() < needed) scratch.resize(needed);
            kernels<scalar_t>().filter(y_axis, x_axis, taps, epilogue ? &finish : nullptr, in, result, scratch.data(), begin, end);
        });
    });
    return out;
}

at::Tensor upfirdn2d(const at::Tensor& x, const at::Tensor& filter, const Arguments& arguments) {
    TORCH_CHECK(x.dim() == 4, "upfirdn2d: x must be [N, C, H, W], it is ", x.sizes());
    if (!abi::has_kernels(x)) return reference(x, filter, arguments);
    return Filtered::apply(x.contiguous(), make_spec(filter, arguments));
}

}  // namespace atelier::fir
