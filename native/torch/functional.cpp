// torch.nn.functional.
#include "abi.h"

#include <ATen/ops/_softmax.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/affine_grid_generator.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/pixel_shuffle.h>
#include <ATen/ops/pixel_unshuffle.h>
#include <ATen/ops/reflection_pad1d.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/replication_pad1d.h>
#include <ATen/ops/replication_pad2d.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_nearest2d.h>

using namespace atorch;

ATORCH int atorch_linear(const at::Tensor* input, const at::Tensor* weight, const at::Tensor* bias, at::Tensor** result) {
    return guarded("linear", {input, weight, bias}, [&] { *result = give(at::linear(*input, *weight, maybe(bias))); });
}

ATORCH int atorch_conv2d(const at::Tensor* input, const at::Tensor* weight, const at::Tensor* bias, const int64_t* stride,
                         const int64_t* padding, const int64_t* dilation, int64_t groups, at::Tensor** result) {
    return guarded("conv2d", {input, weight, bias}, [&] {
        *result = give(at::conv2d(*input, *weight, maybe(bias), ints(stride, 2), ints(padding, 2), ints(dilation, 2), groups));
    });
}

ATORCH int atorch_conv_transpose2d(const at::Tensor* input, const at::Tensor* weight, const at::Tensor* bias,
                                   const int64_t* stride, const int64_t* padding, const int64_t* output_padding,
                                   const int64_t* dilation, int64_t groups, at::Tensor** result) {
    return guarded("conv_transpose2d", {input, weight, bias}, [&] {
        *result = give(at::conv_transpose2d(*input, *weight, maybe(bias), ints(stride, 2), ints(padding, 2),
                                            ints(output_padding, 2), groups, ints(dilation, 2)));
    });
}

ATORCH int atorch_softmax(const at::Tensor* self, int64_t dim, int32_t dtype, at::Tensor** result) {
    return guarded("softmax", {self}, [&] { *result = give(at::softmax(*self, dim, dtype_or_none(dtype))); });
}

ATORCH int atorch_log_softmax(const at::Tensor* self, int64_t dim, int32_t dtype, at::Tensor** result) {
    return guarded("log_softmax", {self}, [&] { *result = give(at::log_softmax(*self, dim, dtype_or_none(dtype))); });
}

ATORCH int atorch_pad_constant(const at::Tensor* self, const int64_t* pad, int32_t count, double value, at::Tensor** result) {
    return guarded("pad", {self}, [&] { *result = give(at::constant_pad_nd(*self, ints(pad, count), value)); });
}

ATORCH int atorch_pad_reflect(const at::Tensor* self, const int64_t* pad, int32_t count, at::Tensor** result) {
    return guarded("pad", {self}, [&] {
        TORCH_CHECK(count == 2 || count == 4, "reflect takes 2 or 4 widths, not ", count);
        *result = give(count == 2 ? at::reflection_pad1d(*self, ints(pad, count)) : at::reflection_pad2d(*self, ints(pad, count)));
    });
}

ATORCH int atorch_pad_replicate(const at::Tensor* self, const int64_t* pad, int32_t count, at::Tensor** result) {
    return guarded("pad", {self}, [&] {
        TORCH_CHECK(count == 2 || count == 4, "replicate takes 2 or 4 widths, not ", count);
        *result = give(count == 2 ? at::replication_pad1d(*self, ints(pad, count)) : at::replication_pad2d(*self, ints(pad, count)));
    });
}

// Scales of 0 mean "derived from the sizes", as a null scale_factor does.
#define UPSAMPLE_ALIGNED(NAME)                                                                                 \
    ATORCH int atorch_##NAME(const at::Tensor* self, const int64_t* size, Flag align_corners, double scale_height, \
                             double scale_width, at::Tensor** result) {                                        \
        return guarded(#NAME, {self}, [&] {                                                                    \
            const auto h = scale_height > 0 ? c10::optional<double>(scale_height) : c10::nullopt;              \
            const auto w = scale_width > 0 ? c10::optional<double>(scale_width) : c10::nullopt;                \
            *result = give(at::NAME(*self, ints(size, 2), align_corners, h, w));                          \
        });                                                                                                    \
    }

UPSAMPLE_ALIGNED(upsample_bilinear2d)
UPSAMPLE_ALIGNED(upsample_bicubic2d)

ATORCH int atorch_upsample_nearest2d(const at::Tensor* self, const int64_t* size, double scale_height, double scale_width,
                                     at::Tensor** result) {
    return guarded("upsample_nearest2d", {self}, [&] {
        const auto h = scale_height > 0 ? c10::optional<double>(scale_height) : c10::nullopt;
        const auto w = scale_width > 0 ? c10::optional<double>(scale_width) : c10::nullopt;
        *result = give(at::upsample_nearest2d(*self, ints(size, 2), h, w));
    });
}

ATORCH int atorch_adaptive_avg_pool2d(const at::Tensor* self, const int64_t* size, at::Tensor** result) {
    return guarded("adaptive_avg_pool2d", {self}, [&] { *result = give(at::adaptive_avg_pool2d(*self, ints(size, 2))); });
}

ATORCH int atorch_grid_sample(const at::Tensor* input, const at::Tensor* grid, int64_t mode, int64_t padding,
                              Flag align_corners, at::Tensor** result) {
    return guarded("grid_sample", {input, grid}, [&] {
        *result = give(at::grid_sampler(*input, *grid, mode, padding, align_corners));
    });
}

ATORCH int atorch_affine_grid(const at::Tensor* theta, const int64_t* size, int32_t count, Flag align_corners,
                              at::Tensor** result) {
    return guarded("affine_grid", {theta}, [&] {
        *result = give(at::affine_grid_generator(*theta, ints(size, count), align_corners));
    });
}

ATORCH int atorch_avg_pool2d(const at::Tensor* self, const int64_t* kernel, const int64_t* stride, const int64_t* padding,
                             Flag ceil_mode, Flag count_include_pad, const int64_t* divisor, at::Tensor** result) {
    return guarded("avg_pool2d", {self}, [&] {
        *result = give(at::avg_pool2d(*self, ints(kernel, 2), ints(stride, 2), ints(padding, 2), ceil_mode,
                                      count_include_pad, divisor ? c10::optional<int64_t>(*divisor) : c10::nullopt));
    });
}

ATORCH int atorch_max_pool2d(const at::Tensor* self, const int64_t* kernel, const int64_t* stride, const int64_t* padding,
                             const int64_t* dilation, Flag ceil_mode, at::Tensor** result) {
    return guarded("max_pool2d", {self}, [&] {
        *result = give(at::max_pool2d(*self, ints(kernel, 2), ints(stride, 2), ints(padding, 2), ints(dilation, 2), ceil_mode));
    });
}

ATORCH int atorch_pixel_shuffle(const at::Tensor* self, int64_t factor, at::Tensor** result) {
    return guarded("pixel_shuffle", {self}, [&] { *result = give(at::pixel_shuffle(*self, factor)); });
}

ATORCH int atorch_pixel_unshuffle(const at::Tensor* self, int64_t factor, at::Tensor** result) {
    return guarded("pixel_unshuffle", {self}, [&] { *result = give(at::pixel_unshuffle(*self, factor)); });
}

ATORCH int atorch_one_hot(const at::Tensor* self, int64_t classes, at::Tensor** result) {
    return guarded("one_hot", {self}, [&] { *result = give(at::one_hot(*self, classes)); });
}

ATORCH int atorch_cross_entropy(const at::Tensor* input, const at::Tensor* target, const at::Tensor* weight,
                                int64_t ignore_index, int64_t reduction, double label_smoothing, at::Tensor** result) {
    return guarded("cross_entropy", {input, target, weight}, [&] {
        *result = give(at::cross_entropy_loss(*input, *target, maybe(weight), reduction, ignore_index, label_smoothing));
    });
}

ATORCH int atorch_binary_cross_entropy_with_logits(const at::Tensor* input, const at::Tensor* target,
                                                   const at::Tensor* weight, const at::Tensor* pos_weight,
                                                   int64_t reduction, at::Tensor** result) {
    return guarded("binary_cross_entropy_with_logits", {input, target, weight, pos_weight}, [&] {
        *result = give(at::binary_cross_entropy_with_logits(*input, *target, maybe(weight), maybe(pos_weight), reduction));
    });
}

ATORCH int atorch_mse_loss(const at::Tensor* input, const at::Tensor* target, int64_t reduction, at::Tensor** result) {
    return guarded("mse_loss", {input, target}, [&] { *result = give(at::mse_loss(*input, *target, reduction)); });
}

ATORCH int atorch_l1_loss(const at::Tensor* input, const at::Tensor* target, int64_t reduction, at::Tensor** result) {
    return guarded("l1_loss", {input, target}, [&] { *result = give(at::l1_loss(*input, *target, reduction)); });
}
