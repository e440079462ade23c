using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

/// <summary>A case whose results <c>golden.safetensors</c> holds.</summary>
/// <param name="Name">Unique; the prefix of its tensors' names in the file.</param>
/// <param name="Compute">From an element type to the results, by name.</param>
/// <param name="OnlyFloat32">Too slow in float64 for every run of the tests; the file's values are float64's all the same.</param>
internal sealed record GoldenCase(string Name, Func<ScalarType, IEnumerable<(string Name, Tensor Tensor)>> Compute, bool OnlyFloat32 = false);

/// <summary>The layers of the networks at their own sizes, and small odd ones that reach every path.</summary>
internal static class GoldenCases
{
    /// <summary>No name occurs twice.</summary>
    public static IReadOnlyDictionary<string, GoldenCase> ByName { get; } =
        new[] { SynthesisLayers(), ConvLayers(), Others(), Resampling(), Activations(), Augmentations(), Optimizer() }
            .SelectMany(cases => cases).ToDictionary(golden => golden.Name, StringComparer.Ordinal);

    private static IEnumerable<GoldenCase> SynthesisLayers()
    {
        yield return Layer(4, 512, 512, 4, 4, noise: 1, clamp: 256);
        yield return Layer(4, 512, 512, 4, 4, up: 2, noise: 4, clamp: 256);
        yield return Layer(4, 512, 512, 8, 8, noise: 4);
        yield return Layer(4, 512, 512, 8, 8, up: 2, noise: 4);
        yield return Layer(4, 512, 512, 16, 16, noise: 4, clamp: 256, onlyFloat32: true);
        yield return Layer(4, 512, 256, 16, 16, up: 2, noise: 4, clamp: 256, onlyFloat32: true);
        yield return Layer(2, 128, 128, 64, 64, noise: 2, onlyFloat32: true);
        yield return Layer(2, 64, 64, 128, 128, noise: 2, clamp: 256, onlyFloat32: true);
        yield return Layer(2, 32, 16, 128, 128, up: 2, noise: 2, clamp: 256, onlyFloat32: true);
        // Winograd's: the fewest tiles, groups of tiles that end within a row, and an image that is not square.
        yield return Layer(2, 32, 32, 16, 24, noise: 2, all: true);
        yield return Layer(3, 32, 40, 16, 24, noise: 1, clamp: 0.75, all: true);
        yield return Layer(3, 48, 32, 16, 24, all: true);
        yield return Layer(4, 32, 64, 16, 16, up: 2, noise: 4, all: true);
        // Values that reach the published clamp.
        yield return Layer(2, 32, 32, 16, 32, noise: 2, clamp: 256, size: 256);
        yield return Layer(2, 3, 5, 6, 5, noise: 2, all: true);
        yield return Layer(2, 3, 5, 6, 5, noise: 1, clamp: 0.5, all: true);
        yield return Layer(2, 3, 5, 6, 5, up: 2, noise: 2, clamp: 0.5, all: true);
        yield return Layer(3, 5, 3, 5, 7, up: 2, all: true);
        yield return Layer(1, 7, 9, 3, 4, all: true);

        static GoldenCase Layer(
            int n, int i, int o, int h, int w, int up = 1, int noise = 0, double? clamp = null, bool all = false, double size = 1,
            bool onlyFloat32 = false)
        {
            List<GoldenInput> inputs = [new("x", [n, i, h, w], size), new("weight", [o, i, 3, 3]), new("styles", [n, i], 0.5, 1), new("bias", [o], size / 2)];
            if (noise > 0)
                inputs.AddRange([new("noise", [noise, 1, h * up, w * up], size, size / 2, IsLeaf: false), new("strength", [], 0.125, 0.5)]);
            inputs.Add(Filter(all));
            string name = $"synthesis {n}x{i}x{h}x{w} to {o}, up {up}, noise {noise}, clamp {clamp ?? -1}{(size == 1 ? "" : ", large")}";
            string[] penalised = all ? noise > 0 ? ["x", "weight", "styles", "bias", "strength"] : ["x", "weight", "styles", "bias"] : ["x", "styles"];
            return GoldenFormula.Derivatives(name, inputs, t => GoldenOps.Synthesis(t, noise, up, clamp), penalised, hasKinks: true, clamp, onlyFloat32);
        }
    }

    private static IEnumerable<GoldenCase> ConvLayers()
    {
        yield return Layer(4, 3, 64, 1, 64, 64, clamp: 256);
        yield return Layer(2, 3, 32, 1, 256, 256, onlyFloat32: true);
        yield return Layer(2, 32, 32, 3, 256, 256, clamp: 256, onlyFloat32: true);
        yield return Layer(2, 32, 64, 3, 256, 256, down: 2, clamp: 181, gain: 1, onlyFloat32: true);
        yield return Layer(2, 64, 128, 3, 64, 64, down: 2, gain: 1);
        yield return Layer(2, 64, 128, 1, 64, 64, down: 2, bias: false, gain: 1 / GoldenOps.Root2);
        yield return Layer(4, 512, 512, 3, 16, 16, clamp: 256, onlyFloat32: true);
        yield return Layer(4, 512, 512, 3, 16, 16, down: 2, gain: 1, onlyFloat32: true);
        yield return Layer(4, 512, 512, 3, 8, 8, down: 2, gain: 1);
        yield return Layer(4, 512, 512, 1, 8, 8, down: 2, bias: false, gain: 1 / GoldenOps.Root2);
        yield return Layer(4, 513, 512, 3, 4, 4, clamp: 256);
        // Winograd's, stride 1 and 2, the fewest tiles and more.
        yield return Layer(2, 32, 32, 3, 16, 24, all: true);
        yield return Layer(4, 40, 32, 3, 16, 16, clamp: 0.25, all: true);
        yield return Layer(2, 32, 48, 3, 32, 48, down: 2, all: true);
        yield return Layer(4, 64, 32, 3, 32, 32, down: 2, clamp: 0.25, all: true);
        yield return Layer(2, 3, 5, 3, 6, 5, all: true);
        yield return Layer(2, 4, 5, 3, 6, 10, down: 2, clamp: 0.25, all: true);
        yield return Layer(3, 5, 3, 1, 5, 7, all: true);
        yield return Layer(2, 4, 5, 1, 6, 10, down: 2, bias: false, gain: 1 / GoldenOps.Root2, all: true);
        yield return Layer(2, 4, 5, 1, 6, 5, up: 2, bias: false, gain: 1 / GoldenOps.Root2, all: true);
        yield return Layer(2, 4, 5, 3, 6, 5, up: 2, all: true);

        static GoldenCase Layer(
            int n, int i, int o, int kernel, int h, int w, int up = 1, int down = 1, bool bias = true, double gain = GoldenOps.Root2, double? clamp = null,
            bool all = false, bool onlyFloat32 = false)
        {
            List<GoldenInput> inputs = [new("x", [n, i, h, w]), new("weight", [o, i, kernel, kernel])];
            if (bias)
                inputs.Add(new("bias", [o], 0.25));
            inputs.Add(Filter(all));
            string name = $"conv {n}x{i}x{h}x{w} to {o}, kernel {kernel}, up {up}, down {down}, bias {bias}, clamp {clamp ?? -1}";
            string[] penalised = !all ? ["x"] : bias ? ["x", "weight", "bias"] : ["x", "weight"];
            return GoldenFormula.Derivatives(name, inputs, t => GoldenOps.Conv(t, bias, up, down, gain, clamp), penalised, hasKinks: bias, clamp, onlyFloat32);
        }
    }

    private static IEnumerable<GoldenCase> Others()
    {
        (int, int, int, int, double?)[] colours = [(4, 512, 8, 8, null), (2, 64, 128, 128, 256), (2, 32, 64, 64, 0.25), (2, 5, 6, 5, 0.25)];
        foreach (var (n, i, h, w, clamp) in colours)
        {
            double weightGain = Math.ScaleB(1, -(int)Math.Log2(i) / 2); // the power of two near 1/√i
            GoldenInput[] inputs = [new("x", [n, i, h, w]), new("weight", [3, i, 1, 1]), new("styles", [n, i], weightGain / 2, weightGain), new("bias", [3], 0.25)];
            string[] penalised = i < 32 ? ["x", "weight", "styles", "bias"] : ["x", "styles"];
            string name = $"to rgb {n}x{i}x{h}x{w}, clamp {clamp ?? -1}";
            yield return GoldenFormula.Derivatives(name, inputs, t => GoldenOps.ToRgb(t, clamp), penalised, hasKinks: clamp.HasValue, clamp);
        }

        // Mapping layers, affine layers, the discriminator's last two, labels, and an odd one.
        foreach (var (n, i, o, multiplier, bias, activation) in new[]
        {
            (4, 512, 512, 0.01, true, Activation.LeakyRelu), (4, 512, 128, 1, true, Activation.Linear), (4, 8192, 512, 1, true, Activation.LeakyRelu),
            (4, 512, 1, 1, true, Activation.Linear), (5, 10, 512, 1, true, Activation.Linear), (3, 7, 5, 0.25, true, Activation.LeakyRelu),
            (3, 7, 5, 0.25, false, Activation.Tanh),
        })
        {
            List<GoldenInput> inputs = [new("x", [n, i]), new("weight", [o, i], multiplier == 0.01 ? 128 : 1)];
            if (bias)
                inputs.Add(new("bias", [o], 1, 0.5));
            string name = $"fully connected {n}x{i} to {o}, {activation}, bias {bias}";
            var hasKinks = activation == Activation.LeakyRelu;
            yield return GoldenFormula.Derivatives(name, inputs, t => GoldenOps.FullyConnected(t, multiplier, bias, activation), ["x", "weight"], hasKinks);
        }

        (int, int, int, int, int?, int)[] batches =
            [(4, 512, 4, 4, 4, 1), (8, 16, 4, 4, 4, 2), (8, 6, 4, 3, null, 3), (6, 4, 5, 3, 3, 1), (2, 4, 4, 4, 4, 1), (1, 4, 4, 4, 4, 1)];
        foreach (var (n, c, h, w, group, channels) in batches)
        {
            string name = $"minibatch std {n}x{c}x{h}x{w}, group {group ?? 0}, channels {channels}";
            yield return GoldenFormula.Derivatives(name, [new("x", [n, c, h, w])], t => GoldenOps.MinibatchStd(t[0], group, channels), ["x"]);
        }
    }

    private static IEnumerable<GoldenCase> Resampling()
    {
        static GoldenInput[] Inputs(int n, int c, int h, int w, params long[] filter) =>
            [new("x", [n, c, h, w]), filter.Length == 0 ? Filter(false) : new("filter", filter, 0.25, 0.25, IsLeaf: false)];
        static GoldenCase Case(string name, GoldenInput[] inputs, Func<Tensor[], Tensor> apply) => GoldenFormula.Derivatives($"upfirdn2d {name}", inputs, apply, ["x"]);

        yield return Case("upsample rgb", Inputs(2, 3, 64, 64), t => GoldenOps.Upsample(t[0], t[1]));
        yield return Case("upsample 6x5", Inputs(2, 3, 6, 5, 4, 4), t => GoldenOps.Upsample(t[0], t[1]));
        yield return Case("upsample 3", Inputs(1, 2, 5, 4, 8), t => GoldenOps.Upsample(t[0], t[1], 3));
        yield return Case("downsample", Inputs(2, 64, 64, 64), t => GoldenOps.Downsample(t[0], t[1]));
        yield return Case("downsample 7x9", Inputs(2, 3, 7, 9, 4, 4), t => GoldenOps.Downsample(t[0], t[1]));
        yield return Case("downsample 4", Inputs(1, 2, 16, 20, 12), t => GoldenOps.Downsample(t[0], t[1], 4));
        yield return Case("blur behind a transposed convolution", Inputs(2, 32, 33, 33), t => GoldenOps.Resample(t[0], t[1], (1, 1), (1, 1), [1, 1, 1, 1], false, 4));
        yield return Case("blur before a strided convolution", Inputs(2, 32, 32, 32), t => GoldenOps.Resample(t[0], t[1], (1, 1), (1, 1), [2, 2, 2, 2], false, 1));
        yield return Case("odd paddings", Inputs(2, 3, 7, 6, 3, 4), t => GoldenOps.Resample(t[0], t[1], (2, 1), (1, 3), [3, 0, 1, 4], false, 1.5));
        yield return Case("odd paddings, flipped", Inputs(2, 3, 7, 6, 3, 4), t => GoldenOps.Resample(t[0], t[1], (1, 2), (3, 1), [0, 3, 2, 1], true, 0.5));
        yield return Case("cropped", Inputs(2, 3, 9, 11, 3, 2), t => GoldenOps.Resample(t[0], t[1], (2, 2), (3, 2), [-2, 1, -1, -3], false, 1));
        yield return Case("cropped, separable, flipped", Inputs(2, 3, 13, 12, 5), t => GoldenOps.Resample(t[0], t[1], (1, 1), (2, 2), [-1, 2, 3, -2], true, 2));
        yield return Case("no filter", Inputs(2, 3, 5, 4), t => GoldenOps.Resample(t[0], null, (2, 3), (3, 2), [1, 2, 0, -1], false, 2));
    }

    private static IEnumerable<GoldenCase> Activations()
    {
        foreach (var activation in Enum.GetValues<Activation>())
            yield return Case(activation, [3, 5, 6, 7], 1);
        yield return Case(Activation.LeakyRelu, [2, 64, 32, 32], 1, clamp: 256);
        yield return Case(Activation.LeakyRelu, [3, 5, 6, 7], 1, alpha: 0.3, gain: 0.7, clamp: 0.5);
        yield return Case(Activation.Linear, [3, 5, 6, 7], 3, clamp: 0.5);
        yield return Case(Activation.LeakyRelu, [3, 5, 6, 7], 0);
        yield return Case(Activation.LeakyRelu, [9, 17], 1);
        yield return Case(Activation.Relu, [9, 17], 1, bias: false, gain: 2);
        yield return Case(Activation.Swish, [9, 17], 1, gain: 0.5, clamp: 0.4);

        static GoldenCase Case(
            Activation activation, long[] shape, int dim, bool bias = true, double? alpha = null, double? gain = null, double? clamp = null)
        {
            List<GoldenInput> inputs = [new("x", shape, 2)];
            if (bias)
                inputs.Add(new("bias", [shape[dim]], 0.5));
            string name = $"bias act {activation}, {string.Join('x', shape)}, dim {dim}, bias {bias}, alpha {alpha ?? -1}, gain {gain ?? -1}, clamp {clamp ?? -1}";
            string[] penalised = bias ? ["x", "bias"] : ["x"];
            return GoldenFormula.Derivatives(name, inputs, t => GoldenOps.BiasAct(t, bias, dim, activation, alpha, gain, clamp), penalised, hasKinks: true, clamp);
        }
    }

    private static IEnumerable<GoldenCase> Augmentations()
    {
        // Nothing; a turn with colours, bands and noise; half the size with a square left out; a mirrored, stretched and moved one.
        double[] parameters =
        [
            1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0,
            0.8, -0.6, 1.5, 0.6, 0.8, -2, 0.9, 0.2, -0.1, 0.1, -0.3, 1.2, 0.1, -0.2, 0.1, 0.4, 0.7, 0.3, 0.8, 1.3, 0.6, 1.7, 0.125, 0.5, 0.5, 0,
            1.6, 0, 0, 0, 1.4, 3, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0.25, 0.3, 0.6, 0.5,
            -0.75, 0.1, 4.25, 0, 1.25, -1, 1, 0, 0, 0.25, 0, 1, 0, 0.25, 0, 0, 1, 0.25, 1, 2, 1, 0.5, 0, 0.9, 0.1, 0.5,
        ];
        foreach (var (c, h, w) in new[] { (3, 16, 16), (3, 64, 64), (3, 24, 20), (1, 20, 12) })
        {
            GoldenInput[] inputs = [new("x", [4, c, h, w]), new("noise", [4, c, h, w], IsLeaf: false)];
            yield return GoldenFormula.Derivatives($"augment 4x{c}x{h}x{w}", inputs, t => GoldenOps.Augment(t[0], parameters, t[1]), ["x"]);
        }
    }

    private static IEnumerable<GoldenCase> Optimizer()
    {
        yield return Case(step: 1, beta1: 0, gradientScale: 1, beta: 0.998);
        yield return Case(step: 2, beta1: 0.9, gradientScale: 0.5, beta: 0.3);
        yield return Case(step: 10_000, beta1: 0.9, gradientScale: 0.25, beta: 0.998);

        static GoldenCase Case(long step, double beta1, double gradientScale, double beta) =>
            new($"adam step {step}, average", dtype => GoldenOps.AdamThenEma(dtype, step, beta1, gradientScale, beta));
    }

    // The published [1, 3, 3, 1], or one whose reflection shows.
    private static GoldenInput Filter(bool asymmetric) =>
        asymmetric ? new("filter", [4, 4], 0.125, 0.125, IsLeaf: false) : new("filter", [4, 4], IsLeaf: false, IsBinomial: true);
}
