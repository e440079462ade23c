using Atelier.Kernels;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>Matrix products.</summary>
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
        var result = Compute(a, b, transposeLeft, transposeRight);
        return AutogradNode.IsNeeded(a, b) ? new Product(transposeLeft, transposeRight).Attach(a, b, result) : result;
    }

    /// <summary>The product's values, without a graph.</summary>
    internal static Tensor Compute(Tensor a, Tensor b, bool transposeLeft, bool transposeRight)
    {
        if (OpKernels.Gpu(a) is not null)
        {
            using var _ = no_grad();
            return (transposeLeft ? a.t() : a).mm(transposeRight ? b.t() : b);
        }
        long[] left = a.shape, right = b.shape;
        int m = (int)left[transposeLeft ? 1 : 0], n = (int)right[transposeRight ? 0 : 1], k = (int)left[transposeLeft ? 0 : 1];
        var result = TensorPool.Empty(m, n);
        MatrixProduct.Multiply(
            m, n, k, OpKernels.Floats(a), (int)left[1], transposeLeft, OpKernels.Floats(b), (int)right[1], transposeRight, OpKernels.Floats(result), n, bias: null);
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return result;
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
