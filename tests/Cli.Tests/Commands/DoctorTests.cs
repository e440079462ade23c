using System.Runtime.InteropServices;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>What a machine can do, as <c>doctor</c> tells it.</summary>
public sealed class DoctorTests
{
    [Fact]
    public void Doctor_ThisMachine_ChecksEveryOp()
    {
        var result = AtelierProcess.Run("doctor").Succeeded();

        Assert.All(new[] { "libtorch", "numerics", "TorchSharp", "CUDA", "CPU kernels" }, row => Assert.Contains(result.Output, line => line.StartsWith(row, StringComparison.Ordinal)));
        Assert.Contains(result.Output, line => line.StartsWith("  ok ", StringComparison.Ordinal));
        Assert.DoesNotContain("FAILED", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_CudaWithoutAGpu_ListsWhatIsMissingAndWhatToDo()
    {
        if (NativeLibrary.TryLoad("libcuda.so.1", out _))
            Assert.Skip("this machine has NVIDIA's driver");

        var result = AtelierProcess.Run("doctor", "--device", "cuda");

        string Row(string name) => Assert.Single(result.Output, line => line.StartsWith($"CUDA {name} ", StringComparison.Ordinal));
        Assert.Matches("missing: libcuda.so.1 is missing: install NVIDIA's driver", Row("driver"));
        Assert.Matches("missing: ", Row("GPU"));
        Assert.Matches("missing: for CPUs only.*ATELIER_LIBTORCH", Row("libtorch"));
        Assert.Contains(result.Output, line => line.StartsWith("CUDA NVRTC", StringComparison.Ordinal));
        Assert.Contains(result.Output, line => line.StartsWith("CUDA NCCL", StringComparison.Ordinal));
        Complaint.IsOf(result, "--device cuda", "NVIDIA driver");
    }

    [Fact]
    public void Doctor_LibtorchFromAFolder_ComputesWithIt()
    {
        var own = TorchSharpFolder();
        using var folder = new TemporaryFolder();
        var lib = Directory.CreateDirectory(folder["lib"]).FullName;
        foreach (var file in Directory.GetFiles(own, "lib*.so*").Where(file => !file.EndsWith("libLibTorchSharp.so", StringComparison.Ordinal)))
            File.CreateSymbolicLink(Path.Combine(lib, Path.GetFileName(file)), file);
        File.WriteAllText(folder["build-version"], "2.10.7+elsewhere");

        using var process = AtelierProcess.Start(["doctor"], "env", $"ATELIER_LIBTORCH={lib}");
        var result = process.WaitForExit().Succeeded();

        Assert.Contains(result.Output, line => line.StartsWith("libtorch", StringComparison.Ordinal) && line.Contains($"2.10.7+elsewhere, from ATELIER_LIBTORCH={lib}", StringComparison.Ordinal));
        Assert.DoesNotContain("FAILED", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_LibtorchFromAFolderThatIsNone_SaysWhatIsMissing()
    {
        using var folder = new TemporaryFolder();

        using var process = AtelierProcess.Start(["doctor"], "env", $"ATELIER_LIBTORCH={folder["nothing"]}");

        Complaint.IsOf(process.WaitForExit(), "ATELIER_LIBTORCH", "libc10.so is missing");
    }

    [Fact]
    public void Doctor_UnknownDevice_IsNamed() => Complaint.IsOf(AtelierProcess.Run("doctor", "--device", "toaster"), "toaster", "cpu");

    /// <summary>Where the package's libtorch is.</summary>
    private static string TorchSharpFolder() =>
        ((string)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES")!).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .First(folder => File.Exists(Path.Combine(folder, "libtorch_cpu.so")));
}
