using Atelier.Kernels.Cuda;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>What of an epilogue is not a tensor: z = gain·scale·u + …, y = clamp(z·(z &gt; 0 ? positive : negative)).</summary>
internal sealed record GpuEpilogueSettings(GpuKernels Kernels, float Gain, float Positive, float Negative, float Clamp);

/// <summary>
/// Everything that follows a layer's convolution as one pass over its result u: demodulation, noise, bias, activation, clamp. Twice
/// differentiable in all but the noise. Kept for the backward pass are y and, where the scale is differentiated, u.
/// </summary>
internal static unsafe class GpuEpilogueOp
{
    /// <param name="settings">Constants.</param>
    /// <param name="u">[N, C, H, W], in any precision of the kernels, in either order of memory.</param>
    /// <param name="scale">[N, C] or null.</param>
    /// <param name="noise">[N or 1, 1, H, W] or null; not differentiated.</param>
    /// <param name="strength">[], with noise.</param>
    /// <param name="bias">[C] or null.</param>
    /// <returns>Like u.</returns>
    public static Tensor Apply(GpuEpilogueSettings settings, Tensor u, Tensor? scale, Tensor? noise, Tensor? strength, Tensor? bias)
    {
        bool channelsLast = GpuImages.IsChannelsLast(u);
        u = GpuImages.Dense(u, channelsLast);
        var operands = new Operands(GpuImages.Small(scale), GpuImages.Small(noise?.detach()), GpuImages.Small(strength), GpuImages.Small(bias));
        var y = GpuImages.Empty(u, u.shape, channelsLast);
        var arguments = operands.Arguments(settings, y);
        arguments.U = Pointer(u);
        arguments.To = Pointer(y);
        GpuEpilogue.Forward(settings.Kernels, GpuImages.Number(u), arguments);
        GC.KeepAlive(operands);
        return AutogradNode.IsNeeded(u, operands.Scale, operands.Strength, operands.Bias) ? new Node(settings, operands).Attach(u, y) : y;
    }

    private static void* Pointer(Tensor? tensor) => tensor is null ? null : (void*)OpKernels.Address(tensor);

    /// <summary>Small tensors, contiguous float32.</summary>
    private sealed record Operands(Tensor? Scale, Tensor? Noise, Tensor? Strength, Tensor? Bias)
    {
        /// <summary>For images like <paramref name="y"/>.</summary>
        public EpilogueArguments Arguments(GpuEpilogueSettings settings, Tensor y)
        {
            uint pixels = (uint)(y.size(2) * y.size(3));
            return new EpilogueArguments
            {
                Scale = OpKernels.Floats(Scale),
                Noise = OpKernels.Floats(Noise),
                Strength = OpKernels.Floats(Strength),
                Bias = OpKernels.Floats(Bias),
                Images = (uint)y.size(0),
                Channels = (uint)y.size(1),
                Pixels = pixels,
                NoiseStride = Noise is null || Noise.size(0) == 1 ? 0 : pixels,
                ChannelsLast = GpuImages.IsChannelsLast(y) ? 1u : 0,
                Gain = settings.Gain,
                Positive = settings.Positive,
                Negative = settings.Negative,
                Clamp = settings.Clamp,
            };
        }
    }

    /// <summary>Which gradients somebody asks for.</summary>
    private readonly record struct Wants(bool U, bool Scale, bool Strength, bool Bias);

    private sealed class Node(GpuEpilogueSettings settings, Operands operands) : AutogradNode
    {
        private Wants _wants;
        private int _u = -1;
        private int _scale = -1;
        private int _constantScale;
        private int _noise;
        private int _strength;
        private int _bias;
        private int _y;
        private bool _hasScale;
        private bool _hasStrength;
        private bool _hasBias;

        public Tensor Attach(Tensor u, Tensor y)
        {
            static bool Asks(Tensor? tensor) => tensor is { requires_grad: true };
            var (scale, noise, strength, bias) = operands;
            _wants = new(Asks(u), Asks(scale), Asks(strength), Asks(bias));
            (_hasScale, _hasStrength, _hasBias) = (scale is not null, strength is not null, bias is not null);
            Tensor?[] places = [u, scale, strength, bias];
            Tensor[] outputs = [y];
            Attach([.. places.OfType<Tensor>()], outputs, () =>
            {
                if (_wants.Scale)
                    (_u, _scale) = (SaveVariable(u), SaveVariable(scale!));
                _constantScale = SaveConstant(_wants.Scale ? null : scale);
                _noise = SaveConstant(noise);
                _strength = SaveConstant(strength);
                _bias = SaveConstant(bias);
                _y = SaveConstant(y);
            });
            return outputs[0];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients)
        {
            Tensor? u = null, scale = null, strength = null, bias = null;
            if (gradients[0] is { } dy)
            {
                var wants = WantsWeights ? _wants : _wants with { Strength = false, Bias = false };
                var y = Constant(_y)!;
                var saved = new Operands(_wants.Scale ? Variable(_scale) : Constant(_constantScale), Constant(_noise), Constant(_strength), Constant(_bias));
                var image = GpuImages.Dense(dy.to(y.dtype), GpuImages.IsChannelsLast(y));
                (u, scale, strength, bias) = Gradient.Take(settings, saved, wants, image, y, _wants.Scale ? Variable(_u) : null);
            }
            var results = new List<Tensor?> { u };
            if (_hasScale)
                results.Add(scale);
            if (_hasStrength)
                results.Add(strength);
            if (_hasBias)
                results.Add(bias);
            return [.. results];
        }
    }

    /// <summary>
    /// The gradient as a function of its own: dz = slope(y)·dy, ū = gain·scale ⊙ dz, scale‾ = Σ gain·dz·u, strength‾ = Σ dz·noise,
    /// bias‾ = Σ dz.
    /// </summary>
    /// <remarks>
    /// With cotangents (D, gd, gn, gb) of (ū, scale‾, strength‾, bias‾), and slopes that are constants:
    /// <code>
    /// dy‾    = slope·(gain·scale ⊙ D + gd ⊙ gain·u + gn·noise + gb)
    /// scale‾ = Σ gain·dz·D
    /// u‾     = gd ⊙ gain·dz
    /// </code>
    /// </remarks>
    private sealed class Gradient(GpuEpilogueSettings settings, Wants wants) : AutogradNode
    {
        private bool _asksDy;
        private bool _asksU;
        private bool _asksScale;
        private bool _hasU;
        private bool _scaleIsVariable;
        private int _dy;
        private int _u = -1;
        private int _scale = -1;

        public static (Tensor? U, Tensor? Scale, Tensor? Strength, Tensor? Bias) Take(
            GpuEpilogueSettings settings, Operands operands, Wants wants, Tensor dy, Tensor y, Tensor? u)
        {
            var found = new List<Tensor>();
            using (no_grad())
            {
                var arguments = operands.Arguments(settings, y);
                var number = GpuImages.Number(y);
                var du = wants.U ? GpuImages.Empty(y, y.shape, arguments.ChannelsLast != 0) : null;
                arguments.Dy = Pointer(dy);
                arguments.Y = Pointer(y);
                arguments.To = Pointer(du);
                arguments.U = wants.Scale ? Pointer(u) : null;
                Tensor? sums = null;
                if (wants.Scale || wants.Strength || wants.Bias)
                {
                    sums = GpuImages.Floats(y, GpuEpilogue.GradientSums, GpuEpilogue.Parts(number, arguments), y.size(0), y.size(1));
                    arguments.Sums = OpKernels.Floats(sums);
                }
                GpuEpilogue.Gradient(settings.Kernels, number, arguments);
                GC.KeepAlive(operands);
                GC.KeepAlive(dy);
                var totals = sums?.sum([1L]); // [3, N, C]
                if (wants.U)
                    found.Add(du!);
                if (wants.Scale)
                    found.Add(totals!.select(0, 2));
                if (wants.Strength)
                    found.Add(totals!.select(0, 1).sum().reshape(operands.Strength!.shape));
                if (wants.Bias)
                    found.Add(totals!.select(0, 0).sum([0L]));
            }
            Tensor[] outputs = [.. found];
            if (outputs.Length > 0 && IsNeeded(dy, u, operands.Scale))
                new Gradient(settings, wants).Attach(operands, dy, y, u, outputs);
            int next = 0;
            Tensor? Next(bool wanted) => wanted ? outputs[next++] : null;
            return (Next(wants.U), Next(wants.Scale), Next(wants.Strength), Next(wants.Bias));
        }

        private void Attach(Operands operands, Tensor dy, Tensor y, Tensor? u, Tensor[] outputs)
        {
            static bool Asks(Tensor? tensor) => tensor is { requires_grad: true };
            (_asksDy, _asksU, _asksScale) = (Asks(dy), Asks(u), Asks(operands.Scale));
            (_hasU, _scaleIsVariable) = (u is not null, operands.Scale is not null);
            Tensor?[] places = [dy, u, operands.Scale];
            Attach([.. places.OfType<Tensor>()], outputs, () =>
            {
                _dy = SaveConstant(dy);
                SaveConstant(y);
                SaveConstant(operands.Noise);
                SaveConstant(operands.Strength);
                _u = SaveConstant(u);
                _scale = SaveConstant(operands.Scale);
            });
        }

        protected override Tensor?[] Backward(Tensor?[] gradients)
        {
            if (is_grad_enabled())
                throw new InvalidOperationException("an epilogue can be differentiated twice, not three times");
            int next = 0;
            Tensor? Take(bool wanted) => wanted ? gradients[next++] : null;
            Tensor? d = Take(wants.U), ofScale = GpuImages.Small(Take(wants.Scale)), ofStrength = GpuImages.Small(Take(wants.Strength)), ofBias = GpuImages.Small(Take(wants.Bias));
            Tensor dy = Constant(_dy)!, y = Constant(1)!;
            Tensor? u = Constant(_u);
            var operands = new Operands(Constant(_scale), Constant(2), Constant(3), null);
            bool channelsLast = GpuImages.IsChannelsLast(y);
            d = d is null ? null : GpuImages.Dense(d.to(y.dtype), channelsLast);
            var arguments = operands.Arguments(settings, y);
            var number = GpuImages.Number(y);
            var ofDy = _asksDy ? GpuImages.Empty(y, y.shape, channelsLast) : null;
            var ofU = _asksU && ofScale is not null ? GpuImages.Empty(y, y.shape, channelsLast) : null;
            arguments.Y = Pointer(y);
            arguments.Dy = Pointer(dy);
            arguments.D = Pointer(d);
            arguments.To = Pointer(ofDy);
            arguments.ToU = Pointer(ofU);
            arguments.U = ofScale is null ? null : Pointer(u);
            arguments.OfScale = OpKernels.Floats(ofScale);
            arguments.OfStrength = OpKernels.Floats(ofStrength);
            arguments.OfBias = OpKernels.Floats(ofBias);
            Tensor? sums = null;
            if (_asksScale && d is not null)
            {
                sums = GpuImages.Floats(y, GpuEpilogue.TangentSums, GpuEpilogue.Parts(number, arguments), y.size(0), y.size(1));
                arguments.Sums = OpKernels.Floats(sums);
            }
            GpuEpilogue.Tangent(settings.Kernels, number, arguments);
            GC.KeepAlive(operands);
            GC.KeepAlive(d);
            GC.KeepAlive(ofScale);
            GC.KeepAlive(ofStrength);
            GC.KeepAlive(ofBias);
            var results = new List<Tensor?> { ofDy };
            if (_hasU)
                results.Add(ofU);
            if (_scaleIsVariable)
                results.Add(sums?.sum([0L, 1L]));
            return [.. results];
        }
    }
}
