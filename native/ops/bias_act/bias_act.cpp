#include "bias_act.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>

#include "../abi/abi.h"
#include "../abi/constant.h"
#include "../abi/optional.h"
#include "../rows/rows.h"

namespace atelier::bias_act {

namespace {

using abi::OptionalTensor;
using abi::some;
using abi::value;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// x seen as [outer, channels, inner]. With inner 1 the rows would be single numbers; then x is [outer, 1, channels] and the
// bias takes the place that noise common to all samples has in a layer.
struct View {
    int64_t outer = 1, channels = 1, inner = 1;
    View(at::IntArrayRef sizes, int64_t dim) {
        for (int64_t d = 0; d < static_cast<int64_t>(sizes.size()); d++) (d < dim ? outer : d == dim ? channels : inner) *= sizes[d];
    }
    at::Tensor image(const at::Tensor& x) const {
        return inner == 1 ? x.view({outer, 1, channels}) : x.view({outer, channels, inner});
    }
    rows::LayerEpilogue epilogue(const at::Tensor& b, const Slopes& slopes, double clamp) const {
        rows::LayerEpilogue e;
        if (b.defined()) (inner == 1 ? e.noise : e.bias) = inner == 1 ? b.view({1, channels}) : b;
        e.positive = slopes.positive;
        e.negative = slopes.negative;
        e.clamp = clamp;
        return e;
    }
};

// (dy) → (dx, db): dx = slope(y)·dy and, if wanted, db = Σ dx. The adjoint is LinearTangent.
struct LinearGradient : torch::autograd::Function<LinearGradient> {
    static variable_list forward(AutogradContext* ctx, const at::Tensor& dy, const at::Tensor& y, const Arguments& a, bool want_bias);
    static variable_list backward(AutogradContext* ctx, variable_list cotangents);
};

// (p, q) → slope(y)·(p + q), q running along the bias' dimension. The adjoint is LinearGradient.
struct LinearTangent : torch::autograd::Function<LinearTangent> {
    static at::Tensor forward(AutogradContext* ctx, const OptionalTensor& p, const OptionalTensor& q, const at::Tensor& y, const Arguments& a);
    static variable_list backward(AutogradContext* ctx, variable_list gradients);
};

variable_list LinearGradient::forward(AutogradContext* ctx, const at::Tensor& dy, const at::Tensor& y, const Arguments& a, bool want_bias) {
    const View view(y.sizes(), a.dim);
    const auto rows = rows::backward(view.epilogue({}, slopes_of(a), a.clamp), view.image(dy), view.image(y), {true, want_bias && view.inner > 1, false, false});
    ctx->set_materialize_grads(false);
    ctx->save_for_backward({y});
    abi::keep(ctx, "arguments", a);
    variable_list result{rows.du.view(y.sizes())};
    if (want_bias) result.push_back(view.inner > 1 ? rows.sum.sum(0) : rows.du.sum(at::IntArrayRef{0, 1}));
    return result;
}

variable_list LinearGradient::backward(AutogradContext* ctx, variable_list cotangents) {
    const at::Tensor p = cotangents[0], q = cotangents.size() > 1 ? cotangents[1] : at::Tensor();
    variable_list result(4);
    result[0] = LinearTangent::apply(some(p), some(q), ctx->get_saved_variables()[0], abi::kept<Arguments>(ctx, "arguments"));
    return result;
}

at::Tensor LinearTangent::forward(AutogradContext* ctx, const OptionalTensor& p, const OptionalTensor& q, const at::Tensor& y, const Arguments& a) {
    const View view(y.sizes(), a.dim);
    rows::LayerEpilogue epilogue = view.epilogue({}, slopes_of(a), a.clamp);
    rows::Tangents tangents;
    if (q && view.inner > 1) tangents.bias = q->contiguous();
    if (q && view.inner == 1) {
        epilogue.noise = q->contiguous().view({1, view.channels});
        tangents.strength = at::ones({}, y.options());
    }
    const at::Tensor tangent = p ? view.image(p->contiguous()) : at::Tensor();
    ctx->save_for_backward({y});
    abi::keep(ctx, "arguments", a);
    abi::keep(ctx, "has_p", p.has_value());
    return rows::tangent(epilogue, tangents, tangent, {}, view.image(y), true, false).dy.view(y.sizes());
}

variable_list LinearTangent::backward(AutogradContext* ctx, variable_list gradients) {
    const bool has_p = abi::kept<bool>(ctx, "has_p");
    const bool wants_q = ctx->needs_input_grad(has_p ? 1 : 0);
    const variable_list g =
        LinearGradient::apply(gradients[0].contiguous(), ctx->get_saved_variables()[0], abi::kept<Arguments>(ctx, "arguments"), wants_q);
    variable_list result(4);
    if (has_p) result[0] = g[0];
    if (wants_q) result[1] = g[1];
    return result;
}

struct BiasAct : torch::autograd::Function<BiasAct> {
    static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const OptionalTensor& b, const Arguments& a) {
        const View view(x.sizes(), a.dim);
        const at::Tensor y = rows::forward(view.epilogue(value(b), slopes_of(a), a.clamp), view.image(x)).view(x.sizes());
        ctx->save_for_backward({y});
        abi::keep(ctx, "arguments", a);
        abi::keep(ctx, "has_bias", b.has_value());
        return y;
    }
    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        const bool wants_bias = abi::kept<bool>(ctx, "has_bias") && ctx->needs_input_grad(1);
        const variable_list g = LinearGradient::apply(gradients[0].contiguous(), ctx->get_saved_variables()[0].detach(),
                                                      abi::kept<Arguments>(ctx, "arguments"), wants_bias);
        return {g[0], wants_bias ? g[1] : at::Tensor(), at::Tensor()};
    }
};

}  // namespace

Slopes slopes_of(const Arguments& a) {
    if (!(a.gain > 0)) return {};
    switch (a.activation) {
        case Activation::linear: return {a.gain, a.gain};
        case Activation::relu: return {a.gain, 0};
        case Activation::leaky_relu: return a.alpha >= 0 ? Slopes{a.gain, a.alpha * a.gain} : Slopes{};
        default: return {};
    }
}

at::Tensor apply(const at::Tensor& x, const at::Tensor& b, const Arguments& a) {
    TORCH_CHECK(a.dim >= 0 && a.dim < x.dim(), "bias_act: dim ", a.dim, " is not a dimension of x ", x.sizes());
    TORCH_CHECK(!b.defined() || (b.dim() == 1 && b.size(0) == x.size(a.dim)), "bias_act: bias ", b.defined() ? b.sizes() : at::IntArrayRef{},
                " does not fit dimension ", a.dim, " of x ", x.sizes());
    if (!abi::has_kernels(x) || !slopes_of(a)) return reference(x, b, a);
    TORCH_CHECK(!b.defined() || b.scalar_type() == x.scalar_type(), "bias_act: bias is ", b.scalar_type(), ", x is ", x.scalar_type());
    return BiasAct::apply(x.contiguous(), some(b.defined() ? b.contiguous() : b), a);
}

}  // namespace atelier::bias_act
