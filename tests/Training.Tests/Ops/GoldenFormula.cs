using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

/// <summary>An input of a case: numbers of the formula times <paramref name="Scale"/>, plus <paramref name="Offset"/>.</summary>
/// <param name="Name">What its gradients are called.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Scale">A power of two, so that the input is the same in float32 and in float64.</param>
/// <param name="Offset">A small multiple of the scale, or a half of it.</param>
/// <param name="IsLeaf">Whether gradients are taken for it.</param>
/// <param name="IsBinomial">The filter [1, 3, 3, 1] instead of the formula.</param>
internal sealed record GoldenInput(string Name, long[] Shape, double Scale = 1, double Offset = 0, bool IsLeaf = true, bool IsBinomial = false)
{
    public Tensor Tensor(ScalarType dtype, uint seed)
    {
        if (IsBinomial)
            return Training.Ops.Upfirdn2d.SetupFilter([1, 3, 3, 1]).to(dtype);
        var values = GoldenFormula.Tensor(dtype, seed, Shape, Scale, Offset);
        return IsLeaf ? values.requires_grad_() : values;
    }
}

/// <summary>Numbers that are the same everywhere, and the derivatives of an op at them.</summary>
internal static class GoldenFormula
{
    private const uint CotangentSeed = 1000;

    /// <summary>Bits that look random.</summary>
    public static uint Hash(uint seed, long index)
    {
        uint x = unchecked(((uint)index * 0x9E3779B1u) + (seed * 0x85EBCA6Bu));
        x = unchecked((x ^ (x >> 16)) * 0x7FEB352Du);
        x = unchecked((x ^ (x >> 15)) * 0x846CA68Bu);
        return x ^ (x >> 16);
    }

    /// <summary>A number of [-1, 1) that 16 bits hold, so that float32 does, also after scaling by 2ᵏ and adding what is not much smaller or larger.</summary>
    public static double Number(uint seed, long index) => ((Hash(seed, index) >> 16) / 32768.0) - 1;

    /// <summary>A tensor of the formula's numbers in row-major order.</summary>
    public static Tensor Tensor(ScalarType dtype, uint seed, long[] shape, double scale = 1, double offset = 0)
    {
        var values = new double[shape.Aggregate(1L, (product, size) => product * size)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (Number(seed, i) * scale) + offset;
        return tensor(values, shape, float64).to(dtype);
    }

    /// <summary>
    /// The value y, the gradients g of ⟨v, y⟩, and the gradients of Σ‖g‖² over the <paramref name="penalised"/> inputs, for every leaf and,
    /// since layers behind differentiate through it, for v.
    /// </summary>
    public static GoldenCase Derivatives(
        string name, IReadOnlyList<GoldenInput> inputs, Func<Tensor[], Tensor> apply, string[] penalised, bool hasKinks = false, double? clamp = null,
        bool onlyFloat32 = false) =>
        new(name, dtype => Results(dtype, inputs, apply, penalised, hasKinks, clamp), onlyFloat32);

    private static List<(string, Tensor)> Results(
        ScalarType dtype, IReadOnlyList<GoldenInput> inputs, Func<Tensor[], Tensor> apply, string[] penalised, bool hasKinks, double? clamp)
    {
        Tensor[] Inputs(ScalarType type) => [.. inputs.Select((input, i) => input.Tensor(type, (uint)i))];
        var tensors = Inputs(dtype);
        var leaves = tensors.Where((_, i) => inputs[i].IsLeaf).ToArray();
        var names = inputs.Where(input => input.IsLeaf).Select(input => input.Name).ToArray();
        var y = apply(tensors);
        var results = new List<(string, Tensor)> { ("value", y.detach()) };

        var fading = (hasKinks ? Fading(dtype == float64 ? y : apply(Inputs(float64)), clamp) : ones(y.shape, float64)).to(dtype);
        // Not of mean 0, nor is noise: sums over pixels would be what is left of large numbers that cancel.
        var v = (Tensor(dtype, CotangentSeed, y.shape, offset: 0.5) * fading).requires_grad_();
        var gradients = autograd.grad([y], leaves, [v], retain_graph: true, create_graph: true);
        results.AddRange(names.Zip(gradients, (leaf, gradient) => ($"gradient of {leaf}", gradient.detach())));

        var squares = penalised.Select(leaf => gradients[Array.IndexOf(names, leaf)].Squared().sum());
        var nothings = leaves.Append(v).Select(leaf => leaf.sum() * 0); // so that every leaf has a gradient
        var second = autograd.grad([squares.Concat(nothings).Aggregate((a, b) => a.Plus(b))], [.. leaves, v]);
        results.AddRange(names.Zip(second, (leaf, gradient) => ($"second gradient of {leaf}", gradient)));
        results.Add(("second gradient of the cotangent", second[^1] * fading));
        return results;
    }

    /// <summary>
    /// 1, but less and less towards 0 where y nears a kink of the activation. Else rounding, which decides on which side of it a
    /// number falls, would make derivatives jump, and float32 could not be compared with float64.
    /// </summary>
    private static Tensor Fading(Tensor y, double? clamp)
    {
        using var _ = no_grad();
        var magnitude = y.detach().abs();
        var distance = clamp is { } bound ? magnitude.minimum((magnitude - bound).abs()) : magnitude;
        return (distance / (magnitude.Squared().mean().sqrt() * 0.125)).Squared().clamp_max(1);
    }
}
