using Atelier.Training.Oracles;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Oracles;

/// <summary>The published implementation's values, in both precisions (tests/Oracles/README.md).</summary>
public sealed class OracleTests
{
    public static TheoryData<string, string> Files()
    {
        var files = new TheoryData<string, string>();
        foreach (var path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Oracles"), "*.safetensors").Order(StringComparer.Ordinal))
        {
            files.Add(Path.GetFileName(path), "Float64");
            files.Add(Path.GetFileName(path), "Float32");
        }
        return files;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Run_ReferenceFile_EveryCaseWithinTolerance(string file, string precision)
    {
        var results = Oracle.Run(Path.Combine(AppContext.BaseDirectory, "Oracles", file), Enum.Parse<ScalarType>(precision), CPU).ToList();

        Assert.NotEmpty(results);
        Assert.All(results, result => Assert.True(result.Passed, $"{result.Case}: {result.Error:0.0e+00} at {result.Tensor}, tolerance {result.Tolerance:0.0e+00}"));
    }
}
