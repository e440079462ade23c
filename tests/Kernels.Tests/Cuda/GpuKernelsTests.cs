using Atelier.Kernels.Cuda;

namespace Atelier.Kernels.Tests.Cuda;

/// <summary>How kernels are compiled, kept, loaded and launched, with a driver and a compiler that the test plays.</summary>
public sealed class GpuKernelsTests : IDisposable
{
    private const int Modules = 6;

    private readonly string _folder = Directory.CreateTempSubdirectory("atelier-kernels").FullName;
    private readonly PlayedDriver _driver = new();
    private readonly PlayedCompiler _compiler = new(75, 80, 90);

    [Fact]
    public void Load_FirstTime_CompilesForTheGpuAndLoadsInLibtorchsContext()
    {
        using (Load())
        {
            var compilations = _compiler.Calls.Where(call => call.StartsWith("compile", StringComparison.Ordinal)).ToList();
            Assert.Equal(Enumerable.Repeat("compile --gpu-architecture=sm_90 --std=c++17 --fmad=false", Modules), compilations);
            Assert.Equal(Modules, _compiler.Calls.Count(call => call == "destroy 77"));
            Assert.Equal(["retain 40", "push 1000", "load C", "pop"], _driver.Calls.SkipWhile(call => call != "retain 40").Take(4));
        }

        Assert.Equal(Modules, _driver.Calls.Count(call => call == "unload 2000"));
        Assert.Equal("release 40", _driver.Calls[^1]);
        Assert.DoesNotContain(_driver.Calls.Concat(_compiler.Calls), call => call.StartsWith("unexpected", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_SecondTime_TakesTheKeptImages()
    {
        Load().Dispose();
        _compiler.Calls.Clear();

        Load().Dispose();

        Assert.Empty(_compiler.Calls);
        Assert.Equal(2 * Modules, _driver.Calls.Count(call => call == "load C"));
    }

    [Fact]
    public void Load_KeptImageThatWasDamaged_IsCompiledAgain()
    {
        Load().Dispose();
        var damaged = Directory.GetFiles(_folder)[0];
        var content = File.ReadAllBytes(damaged);
        content[^1] ^= 1;
        File.WriteAllBytes(damaged, content);
        _compiler.Calls.Clear();

        Load().Dispose();

        Assert.Single(_compiler.Calls, call => call.StartsWith("compile", StringComparison.Ordinal));
        Assert.NotEqual(content, File.ReadAllBytes(damaged));
    }

    [Fact]
    public void Load_FolderThatCannotBeWritten_CompilesEveryTime()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");

        Load(folder: Path.Combine(file, "kernels")).Dispose();
        Load(folder: Path.Combine(file, "kernels")).Dispose();

        Assert.Equal(2 * Modules, _compiler.Calls.Count(call => call.StartsWith("compile", StringComparison.Ordinal)));
    }

    [Fact]
    public void Load_CompilerOlderThanTheGpu_MakesPtxOfTheNewestItKnows()
    {
        var compiler = new PlayedCompiler(75, 80, 86);

        Load(compiler).Dispose();

        Assert.Contains("compile --gpu-architecture=compute_86 --std=c++17 --fmad=false", compiler.Calls);
        Assert.Contains("load P", _driver.Calls);
    }

    [Fact]
    public void Load_CompilerWithoutCodeForTheGpu_SaysSo() =>
        Assert.Contains("Played GPU (compute capability 9.0)", Assert.Throws<CudaException>(() => Load(new PlayedCompiler(100, 120))).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_SourceThatDoesNotCompile_HasTheCompilersWordsAndLoadsNothing()
    {
        _compiler.CompileAnswer = 6;

        var error = Assert.Throws<CudaException>(() => Load());

        Assert.Matches("NVRTC 13.0 cannot compile [a-z]+: line 12$", error.Message);
        Assert.DoesNotContain(_driver.Calls, call => call.StartsWith("load", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Load_ModuleThatTheDriverRefuses_LeavesNoContext()
    {
        _driver.LoadAnswer = 209;

        var error = Assert.Throws<CudaException>(() => Load());

        Assert.Equal("cuModuleLoadDataEx: no such thing (CUDA error 209)", error.Message);
        Assert.Equal("release 40", _driver.Calls[^1]);
    }

    [Fact]
    public void Load_GpuThatIsNotThere_SaysSo() => Assert.Contains("cuDeviceGet: no such thing (CUDA error 101)", Assert.Throws<CudaException>(() => Load(index: 1)).Message, StringComparison.Ordinal);

    [Fact]
    public void Launch_Kernel_HasItsShapeStreamAndStructure()
    {
        using var kernels = Load(stream: 0x55);
        _driver.Calls.Clear();
        int arguments = 1234;

        kernels.Launch("philox_fill", LaunchShape.Over(1000), ref arguments);
        kernels.Launch("philox_fill", LaunchShape.Over(0), ref arguments);
        _driver.Current = PlayedDriver.PrimaryContext;
        kernels.Launch("philox_fill", LaunchShape.Over(256), ref arguments);

        Assert.Equal(
            [
                "push 1000", "function philox_fill of 2000", "pop", "push 1000", "launch 3000 4,1,1 256,1,1 0 on 55 with 1234", "pop",
                "launch 3000 1,1,1 256,1,1 0 on 55 with 1234",
            ], _driver.Calls);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private GpuKernels Load(PlayedCompiler? compiler = null, string? folder = null, int index = 0, nint stream = 0)
    {
        var driver = new NvidiaDriver(_driver.Export);
        Assert.Equal(new Version(13, 2), driver.Version);
        return GpuKernels.Load(driver, new NvrtcCompiler((compiler ?? _compiler).Export), new KernelCache(folder ?? _folder), index, () => stream);
    }
}
