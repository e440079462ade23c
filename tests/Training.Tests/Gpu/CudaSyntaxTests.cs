using System.Diagnostics;
using System.Text.RegularExpressions;
using Atelier.Kernels.Cuda;

namespace Atelier.Training.Tests.Gpu;

/// <summary>The kernels' sources are CUDA C++, by clang's measure: it compiles them to PTX as NVRTC would, whose names cuda_names.hpp declares.</summary>
public sealed partial class CudaSyntaxTests
{
    private static readonly string? Clang = new[] { "clang++-19", "clang++-16", "clang++" }.FirstOrDefault(name =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name))));

    public static TheoryData<string, string> ModulesAndArchitectures =>
        [.. GpuKernels.Modules.Select(module => (module, "sm_90")), .. new[] { ("epilogue", "sm_75"), ("fir", "sm_80") }];

    [Theory]
    [MemberData(nameof(ModulesAndArchitectures))]
    public void Source_OfEveryModule_CompilesToPtxWithAllItsKernels(string module, string architecture)
    {
        if (Clang is null)
            Assert.Skip("clang is not installed");

        var source = GpuKernels.Source(module);
        var ptx = Compile(source, architecture);

        var expected = KernelsByMacro(module);
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Order(StringComparer.Ordinal), Entry().Matches(ptx).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(".extern .func", ptx, StringComparison.Ordinal);
    }

    [Fact]
    public void Epilogue_OfPacks_LoadsAndStores16BytesAtOnce()
    {
        if (Clang is null)
            Assert.Skip("clang is not installed");

        var ptx = Compile(GpuKernels.Source("epilogue"), "sm_90");

        foreach (var kernel in (string[])["epilogue_forward_f32", "epilogue_forward_f16", "epilogue_forward_bf16"])
        {
            var body = ptx[ptx.IndexOf($".entry {kernel}(", StringComparison.Ordinal)..];
            body = body[..body.IndexOf("\n}", StringComparison.Ordinal)];
            Assert.Matches(@"ld\.[a-z.]*v4\.[ubf]32|ld\.[a-z.]*v2\.[ubf]64", body);
            Assert.Matches(@"st\.[a-z.]*v4\.[ubf]32|st\.[a-z.]*v2\.[ubf]64", body);
        }
    }

    /// <summary>What the launches name.</summary>
    private static IEnumerable<string> KernelsByMacro(string module)
    {
        string[] types = ["f32", "f16", "bf16"];
        return module switch
        {
            "epilogue" => from pass in (string[])["forward", "gradient", "tangent"] from kind in (string[])["", "_single"] from type in types select $"epilogue_{pass}{kind}_{type}",
            "fir" => (from shape in (string[])["up1_down1_taps4", "up2_down1_taps4", "up1_down2_taps4", "up2_down1_taps12", "up1_down2_taps12"]
                      from kind in (string[])["", "_packs"]
                      from type in types
                      select $"fir_{shape}{kind}_{type}").Concat(types.Select(type => $"fir_any_{type}")),
            "demodulation" => ((string[])["sum_over_taps", "spread_over_taps", "finish", "gradient", "second_gradient", "multiply"]).Select(pass => $"demodulation_{pass}"),
            "optimizer" => ["optimizer_adam", "optimizer_average"],
            "philox" => ["philox_fill"],
            "augmentation" => from pass in (string[])["pad", "fold", "read", "add"] from type in types select $"augmentation_{pass}_{type}",
            _ => [],
        };
    }

    private static string Compile(string source, string architecture)
    {
        string[] arguments =
        [
            "-x", "cuda", "--cuda-device-only", $"--cuda-gpu-arch={architecture}", "-nocudainc", "-nocudalib", "-std=c++17", "-O2", "-ffp-contract=off", "-Wno-unknown-cuda-version",
            "-include", Path.Combine(AppContext.BaseDirectory, "Gpu", "cuda_names.hpp"), "-S", "-o", "-", "-",
        ];
        var start = new ProcessStartInfo(Clang!, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(source);
        process.StandardInput.Close();
        var ptx = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.GetAwaiter().GetResult());
        return ptx;
    }

    [GeneratedRegex(@"\.visible \.entry (\w+)\(")]
    private static partial Regex Entry();
}
