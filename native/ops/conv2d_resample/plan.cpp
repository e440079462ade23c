#include "plan.h"

#include <ATen/ops/flip.h>

#include <algorithm>

namespace atelier::conv2d_resample {

namespace {

// [O, I/g, ..] ⇄ [I, O/g, ..]: the weight of a convolution as the weight of one that goes the other way, group by group.
at::Tensor exchange_channels(const at::Tensor& w, int64_t groups) {
    if (groups == 1) return w.transpose(0, 1).contiguous();
    const int64_t o = w.size(0), i = w.size(1), h = w.size(2), k = w.size(3);
    return w.reshape({groups, o / groups, i, h, k}).transpose(1, 2).reshape({groups * i, o / groups, h, k});
}

int64_t filter_size(const at::Tensor& filter, int64_t dimension) { return filter.defined() ? filter.size(dimension) : 1; }

}  // namespace

Plan::Plan(const at::Tensor& weight, const at::Tensor& filter, const Arguments& a) : kernel_height_(weight.size(2)), kernel_width_(weight.size(3)) {
    TORCH_CHECK(a.up >= 1 && a.down >= 1 && a.groups >= 1, "conv2d_resample: up ", a.up, ", down ", a.down, " and groups ", a.groups,
                " must be at least 1");
    const int64_t filter_height = filter_size(filter, 0), filter_width = filter_size(filter, -1);
    fir::Padding p{a.padding, a.padding, a.padding, a.padding};
    if (a.up > 1) {
        p.left += (filter_width + a.up - 1) / 2;
        p.right += (filter_width - a.up) / 2;
        p.top += (filter_height + a.up - 1) / 2;
        p.bottom += (filter_height - a.up) / 2;
    }
    if (a.down > 1) {
        p.left += (filter_width - a.down + 1) / 2;
        p.right += (filter_width - a.down) / 2;
        p.top += (filter_height - a.down + 1) / 2;
        p.bottom += (filter_height - a.down) / 2;
    }
    const auto resample = [&](int64_t up, int64_t down, fir::Padding padding, double gain) {
        return fir::make_spec(filter, {up, up, down, down, padding, false, gain});
    };
    geometry_.groups = a.groups;
    reversed_ = !a.flip_weight;
    const bool pointwise = kernel_height_ == 1 && kernel_width_ == 1;
    const double up_gain = static_cast<double>(a.up * a.up);
    if (pointwise && a.down > 1 && a.up == 1) {
        before_ = resample(1, a.down, p, 1);
    } else if (pointwise && a.up > 1 && a.down == 1) {
        after_ = {resample(a.up, 1, p, up_gain)};
    } else if (a.down > 1 && a.up == 1) {
        before_ = resample(1, 1, p, 1);
        geometry_.stride = a.down;
    } else if (a.up > 1) {
        adjoint_ = true;
        geometry_.stride = a.up;
        p.left -= kernel_width_ - 1;
        p.right -= kernel_width_ - a.up;
        p.top -= kernel_height_ - 1;
        p.bottom -= kernel_height_ - a.up;
        // What the blur would crop on both sides, the convolution need not compute.
        geometry_.padding_x = std::max<int64_t>(std::min(-p.left, -p.right), 0);
        geometry_.padding_y = std::max<int64_t>(std::min(-p.top, -p.bottom), 0);
        p.left += geometry_.padding_x;
        p.right += geometry_.padding_x;
        p.top += geometry_.padding_y;
        p.bottom += geometry_.padding_y;
        after_ = {resample(1, 1, p, up_gain)};
        if (a.down > 1) after_.push_back(resample(1, a.down, {}, 1));
    } else if (a.padding >= 0) {
        geometry_.padding_x = geometry_.padding_y = a.padding;
    } else {
        before_ = fir::make_spec({}, {1, 1, 1, 1, p, false, 1});  // crops
    }
}

at::Tensor Plan::inner_weight(const at::Tensor& w) const {
    // The adjoint of a correlation is a convolution: going up, the reversal is the other way round.
    const at::Tensor oriented = reversed_ != adjoint_ ? at::flip(w, {2, 3}) : w;
    return adjoint_ ? exchange_channels(oriented, geometry_.groups) : oriented;
}

at::Tensor Plan::outer_weight(const at::Tensor& w) const {
    const at::Tensor exchanged = adjoint_ ? exchange_channels(w, geometry_.groups) : w;
    return reversed_ != adjoint_ ? at::flip(exchanged, {2, 3}) : exchanged;
}

std::pair<int64_t, int64_t> Plan::convolved_size(int64_t height, int64_t width) const {
    if (before_) {
        height = before_->y_axis(height).output;
        width = before_->x_axis(width).output;
    }
    if (adjoint_)
        return {(height - 1) * geometry_.stride + kernel_height_ - 2 * geometry_.padding_y, (width - 1) * geometry_.stride + kernel_width_ - 2 * geometry_.padding_x};
    return {(height + 2 * geometry_.padding_y - kernel_height_) / geometry_.stride + 1, (width + 2 * geometry_.padding_x - kernel_width_) / geometry_.stride + 1};
}

at::Tensor Plan::apply(const at::Tensor& x, const at::Tensor& w, const convolution::Fusion& fusion) const {
    const at::Tensor image = before_ ? fir::run(*before_, x) : x;
    const convolution::Fusion inner{fusion.scale, after_.empty() ? fusion.epilogue : nullptr};
    at::Tensor y;
    if (adjoint_) {
        const auto [height, width] = convolved_size(x.size(2), x.size(3));
        y = convolution::input_gradient(image, inner_weight(w), geometry_, height, width, inner);
    } else {
        y = convolution::forward(image, inner_weight(w), geometry_, inner);
    }
    for (size_t k = 0; k < after_.size(); k++) y = fir::run(after_[k], y, k + 1 == after_.size() ? fusion.epilogue : nullptr);
    return y;
}

at::Tensor Plan::pull_back(const at::Tensor& g, int64_t height, int64_t width) const {
    auto [h, w] = convolved_size(height, width);
    std::vector<fir::Spec> adjoints;
    for (const fir::Spec& step : after_) {
        adjoints.push_back(step.adjoint(h, w));
        h = step.y_axis(h).output;
        w = step.x_axis(w).output;
    }
    at::Tensor result = g;
    for (auto step = adjoints.rbegin(); step != adjoints.rend(); ++step) result = fir::run(*step, result);
    return result;
}

at::Tensor Plan::input_gradient(const convolution::Factor& pulled, const at::Tensor& w, int64_t height, int64_t width) const {
    const convolution::Fusion scale{pulled.scale, nullptr};
    if (adjoint_) return convolution::forward(pulled.image, inner_weight(w), geometry_, scale);
    if (!before_) return convolution::input_gradient(pulled.image, inner_weight(w), geometry_, height, width, scale);
    const int64_t inner_height = before_->y_axis(height).output, inner_width = before_->x_axis(width).output;
    return fir::run(before_->adjoint(height, width),
                    convolution::input_gradient(pulled.image, inner_weight(w), geometry_, inner_height, inner_width, scale));
}

at::Tensor Plan::weight_gradient(const convolution::Factor& x, const convolution::Factor& pulled) const {
    const convolution::Factor image{before_ ? fir::run(*before_, x.image) : x.image, x.scale};
    return outer_weight(adjoint_ ? convolution::weight_gradient(pulled, image, geometry_, kernel_height_, kernel_width_)
                                 : convolution::weight_gradient(image, pulled, geometry_, kernel_height_, kernel_width_))
        .contiguous();
}

}  // namespace atelier::conv2d_resample
