#include <ATen/TensorOperators.h>
#include <ATen/ops/sum.h>

#include <tuple>

#include "../abi/constant.h"
#include "layer_function.h"

namespace atelier::layer {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

void add(at::Tensor& total, const at::Tensor& term) {
    if (!total.defined()) total = term;
    else if (term.defined()) total.add_(term);
}

at::Tensor modulate(const at::Tensor& x, const at::Tensor& styles) { return styles.defined() ? rows::scale(x, styles) : x; }

// Whether the gradient will itself be differentiated, and so has to keep what that takes.
enum class Order { once, twice };

// Returns the wanted gradients one after the other. Its own backward is the second derivative; with cotangents
// (gx, gw, gs, gd, gn, gb) of (x̄, w̄, styles‾, scale‾, strength‾, bias‾), t = Kₓᵀ(du, w) and xs = x ⊙ styles:
//
//   T = styles ⊙ gx + gs ⊙ x            cotangent of t
//   D = K(T, w) + K(xs, gw)             of du
//   U = (gd / scale) ⊙ du               of u
//   dy‾     = slope·(scale ⊙ D + gd ⊙ u + gn·noise + gb)
//   x‾      = gs ⊙ t + styles ⊙ X       with X = Kₓᵀ(du, gw) + Kₓᵀ(U, w)
//   styles‾ = Σ gx·t + Σ x·X
//   w‾      = K_wᵀ(T, du) + K_wᵀ(xs, U)
//   scale‾  = Σ du·D / scale
struct GradientFunction : torch::autograd::Function<GradientFunction> {
    enum Argument { config_, wanted_, order_, dy_, x_, w_, styles_, scale_, levels_, arguments };

    static variable_list forward(AutogradContext* ctx, const Config& config, const Wanted& wanted, Order order, const at::Tensor& dy, const at::Tensor& x,
                                 const at::Tensor& w, const OptionalTensor& styles, const OptionalTensor& scale, const Levels& levels) {
        const rows::LayerEpilogue epilogue = config.epilogue(value(scale), levels.noise, levels.strength, levels.bias);
        const bool through_convolution = wanted.x || wanted.w || wanted.styles;
        const bool wants_du = through_convolution || (wanted.scale && order == Order::twice);
        const rows::Backward rows = rows::backward(epilogue, dy, levels.y, {wants_du, wanted.bias, wanted.strength, wanted.scale});
        const at::Tensor pulled = through_convolution ? config.plan.pull_back(rows.du, x.size(2), x.size(3)) : at::Tensor();
        at::Tensor t, x_gradient, w_gradient, styles_gradient;
        if (wanted.w) w_gradient = config.plan.weight_gradient({x, value(styles)}, {pulled, {}});
        if (wanted.x || wanted.styles) t = config.plan.input_gradient({pulled, {}}, w, x.size(2), x.size(3));
        if (wanted.x && wanted.styles) std::tie(x_gradient, styles_gradient) = rows::scale_dot(t, *styles, x, order == Order::once);
        else if (wanted.x) x_gradient = modulate(t, value(styles));
        else if (wanted.styles) styles_gradient = rows::dot(t, x);
        ctx->set_materialize_grads(false);
        if (order == Order::twice) {
            ctx->save_for_backward({x, w, value(styles), value(scale), rows.du, styles ? t : at::Tensor(), levels.y, levels.noise, levels.strength, levels.bias});
            abi::keep(ctx, "config", config);
            abi::keep(ctx, "wanted", wanted);
        }
        variable_list result;
        if (wanted.x) result.push_back(x_gradient);
        if (wanted.w) result.push_back(w_gradient);
        if (wanted.styles) result.push_back(styles_gradient);
        if (wanted.scale) result.push_back(rows.sum_u);
        if (wanted.strength) result.push_back(rows.sum_noise.sum());
        if (wanted.bias) result.push_back(rows.sum.sum(0));
        return result;
    }

    static variable_list backward(AutogradContext* ctx, variable_list cotangents) {
        TORCH_CHECK(!at::GradMode::is_enabled(), "a layer can be differentiated twice, not three times");
        const variable_list saved = ctx->get_saved_variables();
        const at::Tensor &x = saved[0], &w = saved[1], &styles = saved[2], &scale = saved[3], &du = saved[4], &t = saved[5], &y = saved[6];
        const Config& config = abi::kept<Config>(ctx, "config");
        const Wanted& wanted = abi::kept<Wanted>(ctx, "wanted");
        const rows::LayerEpilogue epilogue = config.epilogue(scale, saved[7], saved[8], saved[9]);
        const int64_t height = x.size(2), width = x.size(3);

        auto next = cotangents.begin();
        const auto take = [&](bool present) {
            const at::Tensor g = present ? *next++ : at::Tensor();
            return g.defined() ? g.contiguous() : g;
        };
        const at::Tensor gx = take(wanted.x), gw = take(wanted.w), gs = take(wanted.styles), gd = take(wanted.scale);
        const at::Tensor gn = take(wanted.strength), gb = take(wanted.bias);

        size_t edge = 0;
        const auto wants = [&](bool present) { return present && ctx->needs_input_grad(edge++); };
        const bool wants_dy = wants(true), wants_x = wants(true), wants_w = wants(true), wants_styles = wants(styles.defined()),
                   wants_scale = wants(scale.defined());

        at::Tensor tangent_t;
        if (gx.defined() && gs.defined()) tangent_t = rows::combine(gx, styles, x, gs);
        else if (gx.defined()) tangent_t = modulate(gx, styles);
        else if (gs.defined()) tangent_t = rows::scale(x, gs);

        variable_list result(arguments);
        at::Tensor tangent_du;
        if (wants_dy || wants_scale) {
            if (tangent_t.defined()) add(tangent_du, config.plan.apply(tangent_t, w));
            if (gw.defined()) add(tangent_du, config.plan.apply(x, gw, {styles, nullptr}));
            const bool want_dot = wants_scale && tangent_du.defined();
            const rows::Tangent rows = rows::tangent(epilogue, {gd, gb, gn}, tangent_du, du, y, wants_dy, want_dot);
            result[dy_] = rows.dy;
            if (want_dot) result[scale_] = rows.dot.div_(scale);
        }

        // U is du with other scales, so that it is never written.
        const at::Tensor u_scale = gd.defined() ? gd / scale : at::Tensor();
        const bool through_convolution = (tangent_t.defined() && wants_w) || ((gw.defined() || gd.defined()) && (wants_x || wants_styles)) || (gd.defined() && wants_w);
        const at::Tensor pulled = through_convolution ? config.plan.pull_back(du, height, width) : at::Tensor();
        if (wants_x || wants_styles) {
            at::Tensor tangent_xs;
            if (gw.defined()) add(tangent_xs, config.plan.input_gradient({pulled, {}}, gw, height, width));
            if (gd.defined()) add(tangent_xs, config.plan.input_gradient({pulled, u_scale}, w, height, width));
            if (wants_styles) {
                if (gx.defined()) add(result[styles_], rows::dot(gx, t));
                if (tangent_xs.defined()) add(result[styles_], rows::dot(x, tangent_xs));
            }
            if (wants_x) {
                if (gs.defined() && tangent_xs.defined()) result[x_] = rows::combine(t, gs, tangent_xs, styles);
                else if (gs.defined()) result[x_] = rows::scale(t, gs);
                else if (tangent_xs.defined()) result[x_] = modulate(tangent_xs, styles);
            }
        }
        if (wants_w) {
            if (tangent_t.defined()) add(result[w_], config.plan.weight_gradient({tangent_t, {}}, {pulled, {}}));
            if (gd.defined()) add(result[w_], config.plan.weight_gradient({x, styles}, {pulled, u_scale}));
        }
        return result;
    }
};

}  // namespace

Gradient gradient(const Config& config, const Wanted& wanted, const at::Tensor& dy, const Inputs& i, const at::Tensor& y) {
    const Levels levels{y.detach(), i.noise.defined() ? i.noise.detach() : i.noise, i.strength.defined() ? i.strength.detach() : i.strength,
                        i.bias.defined() ? i.bias.detach() : i.bias};
    const variable_list list = GradientFunction::apply(config, wanted, at::GradMode::is_enabled() ? Order::twice : Order::once, dy, i.x, i.w, some(i.styles), some(i.scale), levels);
    auto next = list.begin();
    const auto take = [&](bool present) { return present ? *next++ : at::Tensor(); };
    Gradient g;
    g.x = take(wanted.x);
    g.w = take(wanted.w);
    g.styles = take(wanted.styles);
    g.scale = take(wanted.scale);
    g.strength = take(wanted.strength);
    g.bias = take(wanted.bias);
    return g;
}

}  // namespace atelier::layer
