using Atelier.Kernels;
using Atelier.Kernels.Cuda;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// Demodulation d = 1/√(Σ(w·s)² + ε) (Karras et al. 2020, equation 3) as one function, twice differentiable. With W = Σw² over the
/// taps it is d = (s²·Wᵀ + ε)^−½; no weight is expanded per sample.
/// </summary>
public static unsafe class DemodulationOp
{
    /// <summary>The factors of a layer's outputs.</summary>
    /// <param name="weight">[O, I, k, k]</param>
    /// <param name="styles">[N, I]</param>
    /// <returns>[N, O]</returns>
    /// <exception cref="OpException">Shapes do not fit.</exception>
    public static Tensor Apply(Tensor weight, Tensor styles)
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(styles);
        OpException.Unless(weight.dim() == 4 && styles.dim() == 2 && weight.size(1) == styles.size(1), $"demodulation: styles {styles} do not fit weight {weight}");
        if (!OpKernels.Fit(styles) && (OpKernels.Gpu(styles) is null || styles.dtype != ScalarType.Float32))
            return PublishedOps.Demodulation(weight, styles);
        Tensor w = weight.contiguous(), s = styles.contiguous();
        Tensor squares = SumOverTaps(w, w, 1), d = MatrixProductOp.Compute(Times(s, s), squares, transposeLeft: false, transposeRight: true);
        Finish(d);
        return AutogradNode.IsNeeded(w, s) ? new Node().Attach(w, s, squares, d) : d;
    }

    /// <summary>The gradients: e = −½·d³·d̄, s̄ = 2·s ⊙ (e·W), w̄ = 2·w ⊙ (eᵀ·s²).</summary>
    private sealed class Node : AutogradNode
    {
        private bool _wantsWeight;
        private bool _wantsStyles;

        public Tensor Attach(Tensor weight, Tensor styles, Tensor squares, Tensor d)
        {
            (_wantsWeight, _wantsStyles) = (weight.requires_grad, styles.requires_grad);
            Tensor[] outputs = [d];
            Attach([weight, styles], outputs, () =>
            {
                SaveVariable(weight);
                SaveVariable(styles);
                SaveConstant(squares);
                SaveConstant(d);
            });
            return outputs[0];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients)
        {
            if (gradients[0] is not { } g)
                return [null, null];
            return Gradient.Take(g.contiguous(), Variable(0), Variable(1), Constant(0)!, Constant(1)!, _wantsWeight && WantsWeights, _wantsStyles);
        }
    }

    /// <summary>The gradient as a function of its own.</summary>
    /// <remarks>
    /// With cotangents (gw, gs) of (w̄, s̄), e and W as above, P = 2·Σ w·gw over the taps and q = 2·s ⊙ gs:
    /// <code>
    /// E   = q·Wᵀ + s²·Pᵀ             cotangent of e
    /// e'  = ¾·d⁵·d̄·E                 of d's sum of squares
    /// d̄‾  = −½·d³·E
    /// s‾  = 2·gs ⊙ (e·W) + 2·s ⊙ (e·P + e'·W)
    /// w‾  = 2·w ⊙ (eᵀ·q + e'ᵀ·s²) + 2·gw ⊙ (eᵀ·s²)
    /// </code>
    /// </remarks>
    private sealed class Gradient(bool wantsWeight, bool wantsStyles) : AutogradNode
    {
        private (bool G, bool Weight, bool Styles) _asks;

        public static Tensor?[] Take(Tensor g, Tensor weight, Tensor styles, Tensor squares, Tensor d, bool wantsWeight, bool wantsStyles)
        {
            Tensor?[] found;
            using (no_grad())
            {
                var e = OfSquares(d, g);
                found =
                [
                    wantsWeight ? Spread(weight, MatrixProductOp.Compute(e, Times(styles, styles), transposeLeft: true, transposeRight: false)) : null,
                    wantsStyles ? Times(styles, MatrixProductOp.Compute(e, squares, transposeLeft: false, transposeRight: false), 2) : null,
                ];
            }
            if (!AutogradNode.IsNeeded(g, weight, styles) || !(wantsWeight || wantsStyles))
                return found;
            var outputs = found.OfType<Tensor>().ToArray();
            new Gradient(wantsWeight, wantsStyles).Attach(g, weight, styles, squares, d, outputs);
            return [wantsWeight ? outputs[0] : null, wantsStyles ? outputs[^1] : null];
        }

        private void Attach(Tensor g, Tensor weight, Tensor styles, Tensor squares, Tensor d, Tensor[] outputs)
        {
            _asks = (g.requires_grad, weight.requires_grad, styles.requires_grad);
            Attach([g, weight, styles], outputs, () =>
            {
                SaveVariable(g);
                SaveVariable(weight);
                SaveVariable(styles);
                SaveConstant(squares);
                SaveConstant(d);
            });
        }

        protected override Tensor?[] Backward(Tensor?[] gradients)
        {
            if (is_grad_enabled())
                throw new InvalidOperationException("demodulation can be differentiated twice, not three times");
            Tensor? gw = wantsWeight ? gradients[0]?.contiguous() : null, gs = wantsStyles ? gradients[^1]?.contiguous() : null;
            if (gw is null && gs is null)
                return [null, null, null];
            Tensor g = Variable(0), weight = Variable(1), styles = Variable(2), squares = Constant(0)!, d = Constant(1)!;
            static Tensor Product(Tensor a, Tensor b, bool left = false, bool right = false) => MatrixProductOp.Compute(a, b, left, right);
            static Tensor? Sum(Tensor? a, Tensor? b) => a is null ? b : b is null ? a : a.Accumulate(b);

            Tensor ofSquares = OfSquares(d, g), s2 = Times(styles, styles);
            Tensor? p = gw is null ? null : SumOverTaps(weight, gw, 2), q = gs is null ? null : Times(styles, gs, 2);
            var ofE = Sum(q is null ? null : Product(q, squares, right: true), p is null ? null : Product(s2, p, right: true))!;
            var second = OfSquaresAgain(d, g, ofE);

            Tensor? ofStyles = null, ofWeight = null;
            if (_asks.Styles)
            {
                ofStyles = Times(styles, Sum(Product(second, squares), p is null ? null : Product(ofSquares, p))!, 2);
                if (gs is not null)
                {
                    var along = Product(ofSquares, squares);
                    Times(gs, along, 2, ofStyles, add: true);
                }
            }
            if (_asks.Weight)
            {
                ofWeight = Spread(weight, Sum(Product(second, s2, left: true), q is null ? null : Product(ofSquares, q, left: true))!);
                if (gw is not null)
                {
                    var pairs = Product(ofSquares, s2, left: true);
                    Spread(gw, pairs, ofWeight, add: true);
                }
            }
            return [_asks.G ? OfSquares(d, ofE) : null, ofWeight, ofStyles];
        }
    }

    // The passes, each by the kernel for where its operands are.

    private static void Finish(Tensor d)
    {
        if (OpKernels.Gpu(d) is { } gpu)
            GpuDemodulation.Finish(gpu, OpKernels.Floats(d), Count(d));
        else
            Demodulation.Finish(OpKernels.Floats(d), Count(d));
    }

    /// <summary>−½·d³·g</summary>
    private static Tensor OfSquares(Tensor d, Tensor g)
    {
        var result = Empty(d, d.shape);
        if (OpKernels.Gpu(d) is { } gpu)
            GpuDemodulation.Gradient(gpu, OpKernels.Floats(d), OpKernels.Floats(g), Count(d), OpKernels.Floats(result));
        else
            Demodulation.Gradient(OpKernels.Floats(d), OpKernels.Floats(g), Count(d), OpKernels.Floats(result));
        return result;
    }

    /// <summary>¾·d⁵·g·t</summary>
    private static Tensor OfSquaresAgain(Tensor d, Tensor g, Tensor t)
    {
        var result = Empty(d, d.shape);
        if (OpKernels.Gpu(d) is { } gpu)
            GpuDemodulation.SecondGradient(gpu, OpKernels.Floats(d), OpKernels.Floats(g), OpKernels.Floats(t), Count(d), OpKernels.Floats(result));
        else
            Demodulation.SecondGradient(OpKernels.Floats(d), OpKernels.Floats(g), OpKernels.Floats(t), Count(d), OpKernels.Floats(result));
        return result;
    }

    /// <summary>factor·a ⊙ b</summary>
    private static Tensor Times(Tensor a, Tensor b, float factor = 1)
    {
        var result = Empty(a, a.shape);
        Times(a, b, factor, result, add: false);
        return result;
    }

    private static void Times(Tensor a, Tensor b, float factor, Tensor result, bool add)
    {
        if (OpKernels.Gpu(a) is { } gpu)
            GpuDemodulation.Multiply(gpu, OpKernels.Floats(a), OpKernels.Floats(b), factor, Count(a), OpKernels.Floats(result), add);
        else
            Demodulation.Multiply(OpKernels.Floats(a), OpKernels.Floats(b), factor, Count(a), OpKernels.Floats(result), add);
    }

    /// <summary>factor·Σ a·b over the taps, [O, I].</summary>
    private static Tensor SumOverTaps(Tensor a, Tensor b, float factor)
    {
        var result = Empty(a, a.size(0), a.size(1));
        if (OpKernels.Gpu(a) is { } gpu)
            GpuDemodulation.SumOverTaps(gpu, OpKernels.Floats(a), OpKernels.Floats(b), Count(result), Taps(a), factor, OpKernels.Floats(result));
        else
            Demodulation.SumOverTaps(OpKernels.Floats(a), OpKernels.Floats(b), Count(result), Taps(a), factor, OpKernels.Floats(result));
        return result;
    }

    /// <summary>2·w ⊙ g with g [O, I] for all taps.</summary>
    private static Tensor Spread(Tensor weight, Tensor g)
    {
        var result = Empty(weight, weight.shape);
        Spread(weight, g, result, add: false);
        return result;
    }

    private static void Spread(Tensor weight, Tensor g, Tensor result, bool add)
    {
        if (OpKernels.Gpu(weight) is { } gpu)
            GpuDemodulation.SpreadOverTaps(gpu, OpKernels.Floats(weight), OpKernels.Floats(g), Count(g), Taps(weight), OpKernels.Floats(result), add);
        else
            Demodulation.SpreadOverTaps(OpKernels.Floats(weight), OpKernels.Floats(g), Count(g), Taps(weight), OpKernels.Floats(result), add);
    }

    private static Tensor Empty(Tensor like, params ReadOnlySpan<long> shape) => OpKernels.Gpu(like) is null ? TensorPool.Empty(shape) : GpuImages.Floats(like, shape);

    private static int Count(Tensor tensor) => (int)tensor.numel();

    private static int Taps(Tensor weight) => (int)(weight.size(2) * weight.size(3));
}
