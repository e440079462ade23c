#include "convolution.h"

#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>

#include "../conv3x3/conv3x3.h"

namespace atelier::convolution {

namespace {

// Whether Winograd's algorithm has a map for the geometry, whatever the size.
bool is_winograd(const Geometry& g, int64_t kernel_height, int64_t kernel_width) {
    const int64_t padding = g.stride == 1 ? 1 : 0;
    return kernel_height == 3 && kernel_width == 3 && (g.stride == 1 || g.stride == 2) && g.padding_y == padding && g.padding_x == padding && g.groups == 1;
}

conv3x3::Size size_of(const at::Tensor& like, int64_t inputs, int64_t outputs, int64_t height, int64_t width) {
    return {like.scalar_type(), like.device(), like.size(0), inputs, outputs, height, width};
}

// With stride 2 the image must end where the last window does.
bool covers(const Geometry& g, int64_t image, int64_t output) { return g.stride == 1 || image == 2 * output + 1; }

at::Tensor scaled(const at::Tensor& image, const at::Tensor& scale) { return scale.defined() ? rows::scale(image, scale) : image; }

at::Tensor finish(at::Tensor y, const Fusion& fusion) {
    y = y.contiguous();
    if (fusion.epilogue) rows::forward_(*fusion.epilogue, y);
    return y;
}

}  // namespace

at::Tensor forward(const at::Tensor& x, const at::Tensor& w, const Geometry& g, const Fusion& fusion) {
    const int64_t height = x.size(2) / g.stride, width = x.size(3) / g.stride;
    if (is_winograd(g, w.size(2), w.size(3)) && covers(g, x.size(2), height) && covers(g, x.size(3), width) &&
        conv3x3::convolves(size_of(x, w.size(1), w.size(0), height, width), g.stride))
        return conv3x3::forward(x, fusion.scale, w, g.stride, fusion.epilogue);
    return finish(at::convolution(scaled(x, fusion.scale), w, {}, {g.stride, g.stride}, {g.padding_y, g.padding_x}, {1, 1}, false, {0, 0}, g.groups), fusion);
}

// libtorch's backward wants the tensor whose gradient it computes; only its shape is read.
at::Tensor input_gradient(const at::Tensor& gradient, const at::Tensor& w, const Geometry& g, int64_t height, int64_t width, const Fusion& fusion) {
    if (is_winograd(g, w.size(2), w.size(3)) && covers(g, height, gradient.size(2)) && covers(g, width, gradient.size(3)) &&
        conv3x3::convolves(size_of(gradient, w.size(1), w.size(0), gradient.size(2), gradient.size(3)), g.stride))
        return conv3x3::input_gradient(gradient, fusion.scale, w, g.stride, fusion.epilogue);
    const at::Tensor input = at::empty({gradient.size(0), w.size(1) * g.groups, height, width}, gradient.options());
    return finish(std::get<0>(at::convolution_backward(scaled(gradient, fusion.scale), input, w, c10::nullopt, {g.stride, g.stride},
                                                       {g.padding_y, g.padding_x}, {1, 1}, false, {0, 0}, g.groups, {true, false, false})),
                  fusion);
}

at::Tensor weight_gradient(const Factor& x, const Factor& gradient, const Geometry& g, int64_t kernel_height, int64_t kernel_width) {
    const at::Tensor &image = x.image, &output = gradient.image;
    if (is_winograd(g, kernel_height, kernel_width) && g.stride == 1 &&
        conv3x3::correlates(size_of(output, image.size(1), output.size(1), output.size(2), output.size(3))))
        return conv3x3::weight_gradient(image, x.scale, output, gradient.scale);
    const at::Tensor weight = at::empty({output.size(1), image.size(1) / g.groups, kernel_height, kernel_width}, image.options());
    return std::get<1>(at::convolution_backward(scaled(output, gradient.scale), scaled(image, x.scale), weight, c10::nullopt, {g.stride, g.stride},
                                                {g.padding_y, g.padding_x}, {1, 1}, false, {0, 0}, g.groups, {false, true, false}))
        .contiguous();
}

}  // namespace atelier::convolution
