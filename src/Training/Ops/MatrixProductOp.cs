using Atelier.Kernels;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>Matrix products, and the fully connected layers made of them.</summary>
public static unsafe class MatrixProductOp
{
    /// <summary>A·B, or with either transposed. Differentiable any number of times: its gradients are products again.</summary>
    /// <param name="left">[m, k], or [k, m] transposed.</param>
    /// <param name="right">[k, n], or [n, k] transposed.</param>
    /// <param name="transposeLeft">Whether the left one is stored the other way round.</param>
    /// <param name="transposeRight">Whether the right one is.</param>
    /// <returns>[m, n]</returns>
    /// <exception cref="OpException">The shapes do not fit each other.</exception>
    public static Tensor Multiply(Tensor left, Tensor right, bool transposeLeft = false, bool transposeRight = false)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        OpException.Unless(
            left.dim() == 2 && right.dim() == 2 && left.shape[transposeLeft ? 0 : 1] == right.shape[transposeRight ? 1 : 0],
            $"matrix product: {left} does not fit {right}");
        if (!OpKernels.Fit(left))
            return (transposeLeft ? left.t() : left).mm(transposeRight ? right.t() : right);
        var (a, b) = (left.contiguous(), right.contiguous());
        int m = (int)a.shape[transposeLeft ? 1 : 0], n = (int)b.shape[transposeRight ? 0 : 1], k = (int)a.shape[transposeLeft ? 0 : 1];
        var result = empty([m, n], ScalarType.Float32);
        MatrixProduct.Multiply(
            m, n, k, OpKernels.Floats(a), (int)a.shape[1], transposeLeft, OpKernels.Floats(b), (int)b.shape[1], transposeRight, OpKernels.Floats(result), n, bias: null);
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return AutogradNode.IsNeeded(a, b) ? new Product(transposeLeft, transposeRight).Attach(a, b, result) : result;
    }

    /// <summary>A fully connected layer with equalised learning rate: act(x·(weight·weightGain)ᵀ + bias·biasGain) with the activation's default gain.</summary>
    /// <param name="x">[N, I]</param>
    /// <param name="weight">[O, I]</param>
    /// <param name="weightGain">Of equalised learning rate; scales x, which is smaller than the weight.</param>
    /// <param name="bias">[O] or null.</param>
    /// <param name="biasGain">The layer's learning-rate multiplier.</param>
    /// <param name="activation">The activation.</param>
    /// <returns>[N, O]</returns>
    /// <exception cref="OpException">Shapes do not fit.</exception>
    public static Tensor FullyConnected(Tensor x, Tensor weight, double weightGain, Tensor? bias, double biasGain, Activation activation)
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = Multiply(weightGain == 1 ? x : x.Times(weightGain), weight, transposeRight: true);
        return PublishedOps.BiasAct(y, bias is null || biasGain == 1 ? bias : bias.Times(biasGain), 1, activation);
    }

    /// <summary>The gradients of C = A·B: Ā = C̄·Bᵀ and B̄ = Aᵀ·C̄, each transposed where its operand is.</summary>
    private sealed class Product(bool transposeLeft, bool transposeRight) : AutogradNode
    {
        private bool _wantsLeft;
        private bool _wantsRight;

        public Tensor Attach(Tensor left, Tensor right, Tensor result)
        {
            (_wantsLeft, _wantsRight) = (left.requires_grad, right.requires_grad);
            Tensor[] outputs = [result];
            Attach([left, right], outputs, () =>
            {
                SaveVariable(left);
                SaveVariable(right);
            });
            return outputs[0];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients)
        {
            if (gradients[0] is not { } g)
                return [null, null];
            Tensor? left = null, right = null;
            if (_wantsLeft)
            {
                var b = Variable(1);
                left = transposeLeft ? Multiply(b, g, transposeRight, true) : Multiply(g, b, false, !transposeRight);
            }
            // The right operand is the weight wherever weights can be left out.
            if (_wantsRight && WantsWeights)
            {
                var a = Variable(0);
                right = transposeRight ? Multiply(g, a, true, transposeLeft) : Multiply(a, g, !transposeLeft, false);
            }
            return [left, right];
        }
    }
}
