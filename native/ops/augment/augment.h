// Augmentations of images in front of the discriminator (Karras et al. 2020, "Training Generative Adversarial Networks with
// Limited Data", appendix B), everything that is done to an image in one pass, in the paper's order:
//   geometry   reflect the border, twice the size by the sym6 wavelet, sample bilinearly, back to the size by the same wavelet
//   colour     an affine map of a pixel's channels
//   filter     four octave bands amplified, over reflected borders
//   noise      σ times a given image
//   cutout     a rectangle of zeros
//
// Each image is a linear map of itself plus a constant. The map's adjoint is computed without atomics, an image by one thread
// alone and in one order, so that gradients have the same bits on any number of threads; the adjoint's adjoint is the linear
// map again, which closes it under differentiation. Parameters are constants: they have no gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include "augment_kernel.h"

namespace atelier::augment {

// x: [N, C, H, W], C = 1 or 3 where colours change. parameters: [N, parameter_count] float64 on the CPU, a row as `plan.h`
// lays it out. noise: [N, C, H, W] or undefined where every σ is 0. Differentiable any number of times in x.
at::Tensor apply(const at::Tensor& x, const at::Tensor& parameters, const at::Tensor& noise);

// The same from plain operations: gathers, products, convolutions. Differentiable, any device.
at::Tensor reference(const at::Tensor& x, const at::Tensor& parameters, const at::Tensor& noise);

// The kernels over all images of x into out, both contiguous floats on the CPU; every element of out is written.
void run(Mode mode, const std::vector<Image>& images, const at::Tensor& x, const at::Tensor& noise, at::Tensor& out);

}  // namespace atelier::augment
