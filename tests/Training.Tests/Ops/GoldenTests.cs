using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Atelier.Storage.Safetensors;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

/// <summary>
/// The ops against values, gradients and gradients of gradients of the last build with C++ ops (commit ae34cf5, x86-64 with AVX2), at the
/// sizes the networks use. In that build <see cref="Make"/> wrote <c>golden.safetensors</c>:
/// <c>dotnet artifacts/bin/Training.Tests/release/Atelier.Training.Tests.dll -explicit only -method '*GoldenTests.Make'</c>.
/// A result is an entry <c>case/result</c>: the error of that build's float32, then <see cref="Summary.Stored"/> of its float64, which
/// its kernels and its reference compositions agreed on to 1e-9; <c>case/result/shape</c> is the whole tensor's shape.
/// </summary>
public class GoldenTests
{
    private const double Float64Tolerance = 1e-9;
    private const double Float32Tolerance = 1e-5;
    private const double FactorOverOld = 3;
    private const double Smallest = 1e-6;

    private static readonly Lazy<SafetensorsReader> Golden = new(() => SafetensorsReader.Open(Path.Combine(AppContext.BaseDirectory, "Ops", "golden.safetensors")));

    public static TheoryData<string> Names => [.. GoldenCases.ByName.Keys];

    public static TheoryData<string> NamesInFloat64 => [.. GoldenCases.ByName.Values.Where(golden => !golden.OnlyFloat32).Select(golden => golden.Name)];

    [Theory]
    [MemberData(nameof(NamesInFloat64))]
    public void Float64_ValueAndDerivatives_AsInTheLastBuildWithCppOps(string name) => Check(name, float64, _ => Float64Tolerance);

    [Theory]
    [MemberData(nameof(Names))]
    public void Float32_ValueAndDerivatives_NoFartherOffThanTheLastBuildWithCppOps(string name) =>
        Check(name, float32, old => Math.Max(FactorOverOld * old, Float32Tolerance));

    [Fact]
    public void File_Cases_AreThoseOfTheTests() =>
        Assert.Equal(
            GoldenCases.ByName.Keys.Order(StringComparer.Ordinal),
            Golden.Value.Entries.Select(entry => entry.Name.Split('/')[0]).Distinct().Order(StringComparer.Ordinal));

    /// <summary>Writes the file beside this one from the build it runs in: to replace what was held on to, not to make a test pass.</summary>
    [Fact(Explicit = true)]
    public void Make()
    {
        var tensors = new List<SafetensorsTensor>();
        foreach (var golden in GoldenCases.ByName.Values)
        {
            using var scope = NewDisposeScope();
            foreach (var ((result, exact), (_, rounded)) in golden.Compute(float64).Zip(golden.Compute(float32)))
            {
                double[] values = Numbers(exact), rough = Numbers(rounded);
                var summary = Summary.Of(values);
                double farthest = values.Zip(rough, (a, b) => Math.Abs(a - b)).Max() / Math.Max(summary.Largest, Smallest);
                double[] stored = [Math.Max(farthest, Summary.Of(rough).ErrorFrom(summary)), .. summary.Stored];
                tensors.Add(SafetensorsTensor.Of($"{golden.Name}/{result}", [stored.Length], stored));
                tensors.Add(SafetensorsTensor.Of($"{golden.Name}/{result}/shape", [exact.shape.Length], exact.shape));
            }
        }
        using var file = File.Create(Path.Combine(Path.GetDirectoryName(ThisFile())!, "golden.safetensors"));
        SafetensorsWriter.Write(file, tensors, new Dictionary<string, string> { ["made by"] = "GoldenTests.Make, in the last build with C++ ops" });
    }

    private static void Check(string name, ScalarType dtype, Func<double, double> tolerance)
    {
        using var scope = NewDisposeScope();
        foreach (var (result, tensor) in GoldenCases.ByName[name].Compute(dtype))
        {
            Assert.Equal(MemoryMarshal.Cast<byte, long>(Bytes($"{name}/{result}/shape")).ToArray(), tensor.shape);
            double[] stored = MemoryMarshal.Cast<byte, double>(Bytes($"{name}/{result}")).ToArray();
            double error = Summary.Of(Numbers(tensor)).ErrorFrom(Summary.FromStored(stored[1..])), allowed = tolerance(stored[0]);
            Assert.True(error <= allowed, $"{name}, {result}: the error is {error:G3}, allowed is {allowed:G3}"); // NaN fails too
        }
    }

    private static byte[] Bytes(string name) => Golden.Value.ReadBytes(Golden.Value[name]);

    private static double[] Numbers(Tensor tensor)
    {
        using var plain = tensor.detach().to(float64).contiguous();
        return plain.data<double>().ToArray();
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    /// <summary>What is kept of a tensor: its norm, its product with numbers of the formula, its largest magnitude, and some of its elements.</summary>
    private readonly record struct Summary(double Norm, double Product, double Largest, double[] Samples)
    {
        private const int MostSamples = 64;
        private const uint SampleSeed = 2000;
        private const uint DirectionSeed = 2001;

        public double[] Stored => [Norm, Product, Largest, .. Samples];

        public static Summary Of(double[] values)
        {
            double squares = 0, product = 0, largest = 0;
            for (int i = 0; i < values.Length; i++)
            {
                squares += values[i] * values[i];
                product += values[i] * GoldenFormula.Number(DirectionSeed, i);
                largest = Math.Max(largest, Math.Abs(values[i]));
            }
            return new Summary(Math.Sqrt(squares), product, largest, [.. Places(values.Length).Select(place => values[place])]);
        }

        public static Summary FromStored(double[] stored) => new(stored[0], stored[1], stored[2], stored[3..]);

        /// <summary>The worst of the elements', over the largest magnitude, and of the norm's and the product's, over the norm.</summary>
        public double ErrorFrom(Summary expected)
        {
            double elements = Samples.Zip(expected.Samples, (a, b) => Math.Abs(a - b)).Max() / Math.Max(expected.Largest, Smallest);
            double sums = Math.Max(Math.Abs(Norm - expected.Norm), Math.Abs(Product - expected.Product)) / Math.Max(expected.Norm, Smallest);
            return Math.Max(elements, sums);
        }

        private static IEnumerable<int> Places(int count) =>
            count <= MostSamples ? Enumerable.Range(0, count) : Enumerable.Range(0, MostSamples).Select(i => (int)(GoldenFormula.Hash(SampleSeed, i) % count));
    }
}
