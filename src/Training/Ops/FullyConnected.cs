using Atelier.Kernels;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>The fully connected layer of the published networks.</summary>
public static unsafe class FullyConnected
{
    /// <summary>A layer with equalised learning rate: act(weightGain·x·weightᵀ + biasGain·bias) with the activation's default gain.</summary>
    /// <param name="x">[N, I]</param>
    /// <param name="weight">[O, I]</param>
    /// <param name="weightGain">Of equalised learning rate.</param>
    /// <param name="bias">[O] or null.</param>
    /// <param name="biasGain">The layer's learning-rate multiplier.</param>
    /// <param name="activation">The activation.</param>
    /// <returns>[N, O]</returns>
    /// <exception cref="OpException">Shapes do not fit.</exception>
    public static Tensor Apply(Tensor x, Tensor weight, double weightGain, Tensor? bias, double biasGain, Activation activation)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        OpException.Unless(
            x.dim() == 2 && weight.dim() == 2 && x.size(1) == weight.size(1) && (bias is null || (bias.dim() == 1 && bias.size(0) == weight.size(0))),
            $"fully connected: {x} does not fit weight {weight} and bias {bias}");
        if (OpKernels.Gpu(x) is { } kernels && activation is (Activation.Linear or Activation.LeakyRelu))
        {
            // Channels last, with a pixel for each image: [N, O] as it lies.
            var image = MatrixProductOp.Multiply(x, weight, transposeRight: true).t().unsqueeze(0).unsqueeze(3); // [1, O, N, 1]
            double slope = activation.DefaultGain();
            var epilogue = new GpuEpilogueSettings(kernels, (float)weightGain, (float)slope, (float)(slope * (activation == Activation.Linear ? 1 : activation.DefaultAlpha())), float.PositiveInfinity);
            return GpuEpilogueOp.Apply(epilogue, image, null, null, null, bias is null || biasGain == 1 ? bias : bias.Times(biasGain)).squeeze(3).squeeze(0).t();
        }
        if (!OpKernels.Fit(x) || activation is not (Activation.Linear or Activation.LeakyRelu))
        {
            var plain = MatrixProductOp.Multiply(weightGain == 1 ? x : x.Times(weightGain), weight, transposeRight: true);
            return PublishedOps.BiasAct(plain, bias is null || biasGain == 1 ? bias : bias.Times(biasGain), 1, activation);
        }
        var settings = new Settings((float)weightGain, (float)biasGain, (float)activation.DefaultGain(), (float)(activation.DefaultGain() * (activation == Activation.Linear ? 1 : activation.DefaultAlpha())));
        var (input, matrix, shift) = (x.contiguous(), weight.contiguous(), bias?.contiguous());
        var y = MatrixProductOp.Compute(input, matrix, transposeLeft: false, transposeRight: true);
        ProductEpilogue.Forward(
            OpKernels.Floats(y), (int)y.size(0), (int)y.size(1), settings.WeightGain, OpKernels.Floats(shift), settings.BiasGain, settings.Positive, settings.Negative);
        GC.KeepAlive(shift);
        return AutogradNode.IsNeeded(x, weight, bias) ? new Layer(settings).Attach(input, matrix, shift, y) : y;
    }

    private readonly record struct Settings(float WeightGain, float BiasGain, float Positive, float Negative)
    {
        public bool IsLinear => Positive == Negative;
    }

    /// <summary>The gradients: dz = slope(y)·dy, x̄ = g·dz·w, w̄ = g·dzᵀ·x, b̄ = b·Σ dz. The slopes are constants to a second differentiation.</summary>
    private sealed class Layer(Settings settings) : AutogradNode
    {
        private bool _wantsX;
        private bool _wantsWeight;
        private bool _wantsBias;
        private bool _hasBias;

        public Tensor Attach(Tensor x, Tensor weight, Tensor? bias, Tensor y)
        {
            (_wantsX, _wantsWeight, _wantsBias, _hasBias) = (x.requires_grad, weight.requires_grad, bias is { requires_grad: true }, bias is not null);
            Tensor[] outputs = [y];
            Attach(bias is null ? [x, weight] : [x, weight, bias], outputs, () =>
            {
                SaveVariable(x);
                SaveVariable(weight);
                SaveConstant(settings.IsLinear ? null : y);
            });
            return outputs[0];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients)
        {
            Tensor? x = null, weight = null, bias = null;
            if (gradients[0] is { } dy)
            {
                var (dz, sums) = is_grad_enabled() ? Differentiable(dy) : Direct(dy.contiguous());
                bias = sums;
                if (_wantsX)
                    x = MatrixProductOp.Multiply(dz, Variable(1));
                if (_wantsWeight && WantsWeights)
                    weight = MatrixProductOp.Multiply(dz, Variable(0), transposeLeft: true);
            }
            return _hasBias ? [x, weight, bias] : [x, weight];
        }

        /// <summary>weightGain·dz and the bias's gradient, by the kernel.</summary>
        private (Tensor Dz, Tensor? Bias) Direct(Tensor dy)
        {
            var dz = TensorPool.Empty(dy.shape);
            var sums = _wantsBias && WantsWeights ? TensorPool.Empty(dy.size(1)) : null;
            Fill(dz, dy, sums);
            return (dz, sums);
        }

        /// <summary>The same as part of the graph.</summary>
        private (Tensor Dz, Tensor? Bias) Differentiable(Tensor dy)
        {
            Tensor slopes;
            using (no_grad())
            {
                slopes = TensorPool.Empty(dy.shape);
                Fill(slopes, ones_like(slopes), sums: null);
            }
            var dz = dy * slopes;
            return (dz, _wantsBias && WantsWeights ? dz.sum([0L]).Times(settings.BiasGain / settings.WeightGain) : null);
        }

        private void Fill(Tensor dz, Tensor dy, Tensor? sums)
        {
            // The sums are of the scaled dz.
            ProductEpilogue.Backward(
                OpKernels.Floats(dy), OpKernels.Floats(Constant(0)), OpKernels.Floats(dz), (int)dz.size(0), (int)dz.size(1),
                settings.WeightGain * settings.Positive, settings.WeightGain * settings.Negative, settings.BiasGain / settings.WeightGain, OpKernels.Floats(sums));
            GC.KeepAlive(dy);
        }
    }
}
