#include "layer.h"

#include "../abi/constant.h"
#include "layer_function.h"

namespace atelier::layer {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct LayerFunction : torch::autograd::Function<LayerFunction> {
    // Places in the argument list, which is also that of the gradients; undefined optional inputs have no edge.
    enum Argument { config_, x_, w_, styles_, scale_, noise_, strength_, bias_, arguments };

    static at::Tensor forward(AutogradContext* ctx, const Config& config, const at::Tensor& x, const at::Tensor& w, const OptionalTensor& styles,
                              const OptionalTensor& scale, const OptionalTensor& noise, const OptionalTensor& strength, const OptionalTensor& bias) {
        const rows::LayerEpilogue epilogue = config.epilogue(value(scale), value(noise), value(strength), value(bias));
        at::Tensor y = config.plan.apply(x, w, {value(styles), &epilogue});
        ctx->save_for_backward({x, w, value(styles), value(scale), value(noise), value(strength), value(bias), y});
        abi::keep(ctx, "config", config);
        return y;
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        const variable_list saved = ctx->get_saved_variables();
        const Inputs inputs{saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], saved[6]};
        size_t edge = 0;
        const auto wants = [&](const at::Tensor& t) { return t.defined() && ctx->needs_input_grad(edge++); };
        Wanted wanted;
        wanted.x = wants(inputs.x);
        wanted.w = wants(inputs.w);
        wanted.styles = wants(inputs.styles);
        wanted.scale = wants(inputs.scale);
        wants(inputs.noise);
        wanted.strength = wants(inputs.strength);
        wanted.bias = wants(inputs.bias);
        const Gradient g = gradient(abi::kept<Config>(ctx, "config"), wanted, gradients[0].contiguous(), inputs, saved[7]);
        variable_list result(arguments);
        result[x_] = g.x;
        result[w_] = g.w;
        result[styles_] = g.styles;
        result[scale_] = g.scale;
        result[strength_] = g.strength;
        result[bias_] = g.bias;
        return result;
    }
};

at::Tensor contiguous(const at::Tensor& t) { return t.defined() ? t.contiguous() : t; }

}  // namespace

// Made contiguous here, where autograd sees it: a copy made inside the function would be cut off from its original.
at::Tensor apply(const Config& config, const Inputs& i) {
    return LayerFunction::apply(config, i.x.contiguous(), i.w.contiguous(), some(contiguous(i.styles)), some(contiguous(i.scale)),
                                some(contiguous(i.noise)), some(contiguous(i.strength)), some(contiguous(i.bias)));
}

}  // namespace atelier::layer
