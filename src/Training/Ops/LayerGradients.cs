using Atelier.Kernels;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>Which of a layer's gradients somebody asks for.</summary>
internal readonly record struct LayerWants(bool X, bool Weight, bool Styles, bool Scale, bool Strength, bool Bias)
{
    public bool ThroughConvolution => X || Weight || Styles;
}

/// <summary>A layer in the graph; its backward pass is a <see cref="LayerGradient"/>.</summary>
internal sealed class LayerNode(LayerSettings settings) : AutogradNode
{
    private LayerWants _wants;
    private int _x;
    private int _weight;
    private int? _styles;
    private int? _scale;
    private int _noise;
    private int _strength;
    private int _bias;
    private int _y;
    private bool _hasStrength;
    private bool _hasBias;
    private bool _asksNoise;

    public Tensor Attach(LayerOperands o, Tensor y)
    {
        static bool Asks(Tensor? tensor) => tensor is { requires_grad: true };
        _wants = new(Asks(o.X), Asks(o.Weight), Asks(o.Styles), Asks(o.Demodulation), Asks(o.Strength), Asks(o.Bias));
        (_hasStrength, _hasBias, _asksNoise) = (o.Strength is not null, o.Bias is not null, Asks(o.Noise));
        Tensor?[] places = [o.X, o.Weight, o.Styles, o.Demodulation, o.Strength, o.Bias, _asksNoise ? o.Noise : null];
        Tensor[] outputs = [y];
        Attach([.. places.OfType<Tensor>()], outputs, () =>
        {
            _x = SaveVariable(o.X);
            _weight = SaveVariable(o.Weight);
            _styles = o.Styles is null ? null : SaveVariable(o.Styles);
            _scale = o.Demodulation is null ? null : SaveVariable(o.Demodulation);
            _noise = SaveConstant(o.Noise);
            _strength = SaveConstant(o.Strength);
            _bias = SaveConstant(o.Bias);
            _y = SaveConstant(y);
        });
        return outputs[0];
    }

    protected override Tensor?[] Backward(Tensor?[] gradients)
    {
        Tensor? x = null, weight = null, styles = null, scale = null, strength = null, bias = null, noise = null;
        if (gradients[0] is { } dy)
        {
            var wants = WantsWeights ? _wants : _wants with { Weight = false, Strength = false, Bias = false };
            Tensor? At(int? variable) => variable is { } number ? Variable(number) : null;
            var operands = new LayerOperands(Variable(_x), Variable(_weight), At(_styles), At(_scale), Constant(_noise), Constant(_strength), Constant(_bias));
            (x, weight, styles, scale, strength, bias) = LayerGradient.Take(settings, wants, dy.contiguous(), operands, Constant(_y)!);
            if (_asksNoise)
                noise = NoiseGradient(dy.contiguous(), operands, Constant(_y)!);
        }
        var results = new List<Tensor?> { x, weight };
        if (_styles is not null)
            results.Add(styles);
        if (_scale is not null)
            results.Add(scale);
        if (_hasStrength)
            results.Add(strength);
        if (_hasBias)
            results.Add(bias);
        if (_asksNoise)
            results.Add(noise);
        return [.. results];
    }

    /// <summary>strength·Σ dz over channels, and over images that share their noise; [N or 1, 1, H, W].</summary>
    private Tensor NoiseGradient(Tensor dy, LayerOperands o, Tensor y)
    {
        if (is_grad_enabled())
            throw new InvalidOperationException("the noise of a layer can be differentiated once, not twice");
        // The epilogue's gradient without any scale is dz itself.
        var bare = new EpilogueTensors(1, null, null, 0, null, settings.Positive, settings.Negative, settings.Clamp);
        var dz = LayerRows.Backward(bare, dy, y, du: true, sum: false, sumNoise: false, sumU: false).Du!;
        var sum = dz.sum([1L], keepdim: true) * o.Strength!;
        return o.Noise!.size(0) == y.size(0) ? sum : sum.sum([0L], keepdim: true);
    }
}

/// <summary>
/// The gradient of a layer as a function of its own, so that it can be differentiated again:
/// dz = slope(y)·dy, du = gain·scale ⊙ dz, x̄ = styles ⊙ t with t = Kₓᵀ(du, w), w̄ = K_wᵀ(x ⊙ styles, du), styles‾ = Σ x·t,
/// scale‾ = Σ dz·u with u = gain·K found from y, bias‾ = Σ dz, strength‾ = Σ dz·noise.
/// </summary>
/// <remarks>
/// K is bilinear, so the second derivative consists of the same maps. With cotangents (gx, gw, gs, gd, gn, gb) of
/// (x̄, w̄, styles‾, scale‾, strength‾, bias‾) and xs = x ⊙ styles:
/// <code>
/// T = styles ⊙ gx + gs ⊙ x            cotangent of t
/// D = K(T, w) + K(xs, gw)             of du
/// U = (gd / scale) ⊙ du               of u
/// dy‾     = slope·(gain·scale ⊙ D + gd ⊙ u + gn·noise + gb)
/// x‾      = gs ⊙ t + styles ⊙ X       with X = Kₓᵀ(du, gw) + Kₓᵀ(U, w)
/// styles‾ = Σ gx·t + Σ x·X
/// w‾      = K_wᵀ(T, du) + K_wᵀ(xs, U)
/// scale‾  = Σ du·D / scale
/// </code>
/// </remarks>
internal sealed class LayerGradient(LayerSettings settings, LayerWants wants) : AutogradNode
{
    private LayerWants _asks;
    private bool _asksDy;
    private int _x;
    private int _weight;
    private int? _styles;
    private int? _scale;
    private int _du;
    private int _t;
    private int _y;
    private int _noise;
    private int _strength;
    private int _bias;

    /// <summary>The wanted gradients, part of the graph where they are to be differentiated.</summary>
    public static (Tensor? X, Tensor? Weight, Tensor? Styles, Tensor? Scale, Tensor? Strength, Tensor? Bias) Take(
        LayerSettings settings, LayerWants wants, Tensor dy, LayerOperands o, Tensor y)
    {
        bool twice = AutogradNode.IsNeeded(dy, o.X, o.Weight, o.Styles, o.Demodulation);
        Tensor[] found;
        Tensor? du, t;
        using (no_grad())
            found = Compute(settings, wants, twice, dy, o, y, out du, out t);
        if (twice)
            new LayerGradient(settings, wants).Attach(dy, o, y, du, t, found);
        int next = 0;
        Tensor? Next(bool wanted) => wanted ? found[next++] : null;
        return (Next(wants.X), Next(wants.Weight), Next(wants.Styles), Next(wants.Scale), Next(wants.Strength), Next(wants.Bias));
    }

    private static Tensor[] Compute(LayerSettings settings, LayerWants wants, bool twice, Tensor dy, LayerOperands o, Tensor y, out Tensor? du, out Tensor? t)
    {
        int height = (int)o.X.size(2), width = (int)o.X.size(3);
        var epilogue = settings.Epilogue(o.Demodulation, o.Noise, o.Strength, o.Bias);
        var rows = LayerRows.Backward(epilogue, dy, y, wants.ThroughConvolution || (wants.Scale && twice), wants.Bias, wants.Strength, wants.Scale);
        (du, t) = (rows.Du, null);
        var found = new List<Tensor>();
        var pulled = wants.ThroughConvolution ? settings.Convolution.PullBack(du!, height, width) : null;
        if (wants.X || wants.Styles)
            t = settings.Convolution.InputGradient(pulled!, null, o.Weight, height, width);
        Tensor? x = null, styles = null;
        if (wants.X && wants.Styles)
            (x, styles) = LayerRows.ScaleDot(t!, o.Styles!, o.X, overwrite: !twice);
        else if (wants.X)
            x = o.Styles is null ? t! : LayerRows.Scale(t!, o.Styles);
        else if (wants.Styles)
            styles = LayerRows.Dot(t!, o.X);
        if (wants.X)
            found.Add(x!);
        if (wants.Weight)
            found.Add(settings.Convolution.WeightGradient(o.X, o.Styles, pulled!, null, o.Weight));
        if (wants.Styles)
            found.Add(styles!);
        if (wants.Scale)
            found.Add(rows.SumU!);
        if (wants.Strength)
            found.Add(rows.SumNoise!.sum());
        if (wants.Bias)
            found.Add(LayerRows.OverImages(rows.Sum!));
        return [.. found];
    }

    private void Attach(Tensor dy, LayerOperands o, Tensor y, Tensor? du, Tensor? t, Tensor[] found)
    {
        static bool Asks(Tensor? tensor) => tensor is { requires_grad: true };
        _asksDy = Asks(dy);
        _asks = new(Asks(o.X), Asks(o.Weight), Asks(o.Styles), Asks(o.Demodulation), false, false);
        Tensor?[] places = [dy, o.X, o.Weight, o.Styles, o.Demodulation];
        Attach([.. places.OfType<Tensor>()], found, () =>
        {
            _x = SaveVariable(o.X);
            _weight = SaveVariable(o.Weight);
            _styles = o.Styles is null ? null : SaveVariable(o.Styles);
            _scale = o.Demodulation is null ? null : SaveVariable(o.Demodulation);
            _du = SaveConstant(du);
            _t = SaveConstant(t);
            _y = SaveConstant(y);
            _noise = SaveConstant(o.Noise);
            _strength = SaveConstant(o.Strength);
            _bias = SaveConstant(o.Bias);
        });
    }

    protected override Tensor?[] Backward(Tensor?[] gradients)
    {
        if (is_grad_enabled())
            throw new InvalidOperationException("a layer can be differentiated twice, not three times");
        int next = 0;
        Tensor? Take(bool wanted) => wanted ? gradients[next++]?.contiguous() : null;
        Tensor? gx = Take(wants.X), gw = Take(wants.Weight), gs = Take(wants.Styles), gd = Take(wants.Scale), gn = Take(wants.Strength), gb = Take(wants.Bias);

        Tensor x = Variable(_x), weight = Variable(_weight);
        Tensor? styles = _styles is { } s ? Variable(s) : null, scale = _scale is { } d ? Variable(d) : null;
        Tensor? du = Constant(_du), t = Constant(_t);
        var y = Constant(_y)!;
        var convolution = settings.Convolution;
        int height = (int)x.size(2), width = (int)x.size(3);
        Tensor? Modulated(Tensor image) => styles is null ? image : LayerRows.Scale(image, styles);

        Tensor? tangentT = null;
        if (gx is not null && gs is not null)
            tangentT = LayerRows.Combine(gx, styles!, x, gs);
        else if (gx is not null)
            tangentT = Modulated(gx);
        else if (gs is not null)
            tangentT = LayerRows.Scale(x, gs);

        Tensor? ofDy = null, ofX = null, ofWeight = null, ofStyles = null, ofScale = null;
        if (_asksDy || (_asks.Scale && scale is not null))
        {
            Tensor? tangentDu = null;
            if (tangentT is not null)
                tangentDu = convolution.Apply(tangentT, null, weight);
            if (gw is not null)
                tangentDu = Sum(tangentDu, convolution.Apply(x, styles, gw));
            bool wantsDot = _asks.Scale && scale is not null && tangentDu is not null;
            var epilogue = settings.Epilogue(scale, Constant(_noise), Constant(_strength), Constant(_bias));
            (ofDy, var dot) = LayerRows.Tangent(epilogue, gd, gb, gn, tangentDu, du, y, _asksDy, wantsDot);
            if (wantsDot)
                ofScale = dot! / scale!;
        }

        // U is du with other scales, so that it is never written.
        var scaleOfU = gd is null ? null : gd / scale!;
        bool throughConvolution = (tangentT is not null && _asks.Weight) || ((gw is not null || gd is not null) && (_asks.X || _asks.Styles)) || (gd is not null && _asks.Weight);
        var pulled = throughConvolution ? convolution.PullBack(du!, height, width) : null;
        if (_asks.X || _asks.Styles)
        {
            Tensor? tangentX = null;
            if (gw is not null)
                tangentX = convolution.InputGradient(pulled!, null, gw, height, width);
            if (gd is not null)
                tangentX = Sum(tangentX, convolution.InputGradient(pulled!, scaleOfU, weight, height, width));
            if (_asks.Styles)
            {
                if (gx is not null)
                    ofStyles = LayerRows.Dot(gx, t!);
                if (tangentX is not null)
                    ofStyles = Sum(ofStyles, LayerRows.Dot(x, tangentX));
            }
            if (_asks.X)
            {
                if (gs is not null && tangentX is not null)
                    ofX = LayerRows.Combine(t!, gs, tangentX, styles!);
                else if (gs is not null)
                    ofX = LayerRows.Scale(t!, gs);
                else if (tangentX is not null)
                    ofX = Modulated(tangentX);
            }
        }
        if (_asks.Weight)
        {
            if (tangentT is not null)
                ofWeight = convolution.WeightGradient(tangentT, null, pulled!, null, weight);
            if (gd is not null)
                ofWeight = Sum(ofWeight, convolution.WeightGradient(x, styles, pulled!, scaleOfU, weight));
        }
        var results = new List<Tensor?> { ofDy, ofX, ofWeight };
        if (styles is not null)
            results.Add(ofStyles);
        if (scale is not null)
            results.Add(ofScale);
        return [.. results];
    }

    private static Tensor Sum(Tensor? total, Tensor term) => total is null ? term : total.Accumulate(term);
}

/// <summary>Row passes on tensors; [N, C, …] contiguous float32, scales [N, C].</summary>
internal static unsafe class LayerRows
{
    public sealed record Sums(Tensor? Du, Tensor? Sum, Tensor? SumNoise, Tensor? SumU);

    /// <summary>The epilogue's gradient: du, and over each row Σ dz, Σ dz·noise, Σ dz·u where wanted.</summary>
    public static Sums Backward(EpilogueTensors epilogue, Tensor dy, Tensor y, bool du, bool sum, bool sumNoise, bool sumU)
    {
        Tensor? Of(bool wanted) => wanted ? TensorPool.Empty([y.size(0), y.size(1)]) : null;
        var result = new Sums(du ? TensorPool.Empty(y.shape) : null, Of(sum), Of(sumNoise), Of(sumU));
        var kernel = epilogue.For(y);
        RowPasses.Backward(
            kernel, Rows(y), OpKernels.Floats(dy), OpKernels.Floats(y), OpKernels.Floats(result.Du),
            new RowSums(OpKernels.Floats(result.Sum), OpKernels.Floats(result.SumNoise), OpKernels.Floats(result.SumU)));
        GC.KeepAlive(epilogue);
        return result;
    }

    /// <summary>The tangent of <see cref="Backward"/>: for dy, and Σ du·a over each row.</summary>
    public static (Tensor? Dy, Tensor? Dot) Tangent(
        EpilogueTensors epilogue, Tensor? scale, Tensor? bias, Tensor? strength, Tensor? a, Tensor? du, Tensor y, bool wantsDy, bool wantsDot)
    {
        var dy = wantsDy ? TensorPool.Empty(y.shape) : null;
        var dot = wantsDot ? TensorPool.Empty([y.size(0), y.size(1)]) : null;
        var kernel = epilogue.For(y);
        RowPasses.Tangent(
            kernel, new RowTangents(OpKernels.Floats(scale), OpKernels.Floats(bias), strength is null ? 0 : OpKernels.Number(strength)), Rows(y),
            OpKernels.Floats(a), OpKernels.Floats(du), OpKernels.Floats(y), OpKernels.Floats(dy), OpKernels.Floats(dot));
        GC.KeepAlive(epilogue);
        return (dy, dot);
    }

    public static Tensor Scale(Tensor x, Tensor s)
    {
        var y = TensorPool.Empty(x.shape);
        RowPasses.Scale(OpKernels.Floats(x), OpKernels.Floats(s), OpKernels.Floats(y), Pixels(x), Rows(x));
        return y;
    }

    /// <summary>s ⊙ a + r ⊙ b</summary>
    public static Tensor Combine(Tensor a, Tensor s, Tensor b, Tensor r)
    {
        var y = TensorPool.Empty(a.shape);
        RowPasses.Combine(OpKernels.Floats(a), OpKernels.Floats(s), OpKernels.Floats(b), OpKernels.Floats(r), OpKernels.Floats(y), Pixels(a), Rows(a));
        return y;
    }

    /// <summary>s ⊙ t, written over t where that is not needed any more, and Σ t·x over each row.</summary>
    public static (Tensor Scaled, Tensor Dot) ScaleDot(Tensor t, Tensor s, Tensor x, bool overwrite)
    {
        var y = overwrite ? t : TensorPool.Empty(t.shape);
        var dot = TensorPool.Empty([t.size(0), t.size(1)]);
        RowPasses.ScaleDot(OpKernels.Floats(t), OpKernels.Floats(s), OpKernels.Floats(x), OpKernels.Floats(y), OpKernels.Floats(dot), Pixels(t), Rows(t));
        return (y, dot);
    }

    public static Tensor Dot(Tensor a, Tensor b)
    {
        var dot = TensorPool.Empty([a.size(0), a.size(1)]);
        RowPasses.Dot(OpKernels.Floats(a), OpKernels.Floats(b), OpKernels.Floats(dot), Pixels(a), Rows(a));
        return dot;
    }

    /// <summary>[N, C] to [C].</summary>
    public static Tensor OverImages(Tensor sums)
    {
        var total = TensorPool.Empty([sums.size(1)]);
        RowPasses.SumOverImages(OpKernels.Floats(sums), OpKernels.Floats(total), (int)sums.size(0), (int)sums.size(1));
        return total;
    }

    private static int Rows(Tensor x) => (int)(x.size(0) * x.size(1));

    private static long Pixels(Tensor x) => x.numel() / Rows(x);
}
