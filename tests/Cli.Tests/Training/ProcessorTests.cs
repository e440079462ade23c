using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>A state's bits do not depend on the processor: instruction sets are taken from it, and another one is emulated.</summary>
public sealed class ProcessorTests(FinishedRun finished) : IDisposable
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    private const string Emulator = "/usr/bin/qemu-x86_64";

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("DOTNET_EnableAVX512=0")]
    [InlineData("DOTNET_EnableAVX2=0")]
    [InlineData("DOTNET_EnableFMA=0")]
    [InlineData("DOTNET_EnableHWIntrinsic=0")]
    public void Train_WithoutAnInstructionSet_SameStates(string without)
    {
        using var process = AtelierProcess.Start(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images), "env", without);
        process.WaitForExit().Succeeded();

        Assert.Equal(FinishedRun.Snapshots(finished.Path), FinishedRun.Snapshots(_folder["run"]));
    }

    /// <summary>With as many channels as Winograd's convolutions take, and augmentation.</summary>
    [Fact]
    public void Train_WideNetworksWithoutAvx2_SameState()
    {
        string[] Command(string name) => TinyRun.Train(finished.Data, _folder[name], 2 * TinyRun.Batch, TinyRun.Set("channel-base=512", "channel-max=64", "aug=fixed", "aug-p=0.6"));
        var expected = AtelierProcess.Run(Command("all")).Succeeded().StateSha256;
        using var process = AtelierProcess.Start(Command("fewer"), "env", "DOTNET_EnableAVX2=0");

        Assert.Equal(expected, process.WaitForExit().Succeeded().StateSha256);
    }

    [Fact]
    public void Train_MoreThreads_SameStates()
    {
        AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images, "--set", "threads=3", "--set", "lanes=1")).Succeeded();

        Assert.Equal(FinishedRun.Snapshots(finished.Path), FinishedRun.Snapshots(_folder["run"]));
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX2=0")]
    [InlineData("DOTNET_EnableHWIntrinsic=0")]
    public void Doctor_WithoutAvx2_RunsThePortableKernels(string without)
    {
        using var process = AtelierProcess.Start(["doctor"], "env", without);

        Assert.Contains(process.WaitForExit().Succeeded().Output, line => line.StartsWith("CPU kernels", StringComparison.Ordinal) && line.Contains("portable", StringComparison.Ordinal));
    }

    /// <summary>The same program on a Haswell that qemu-user computes instruction by instruction: the processor's own libtorch and C library paths too.</summary>
    [Fact]
    public void Train_EmulatedHaswell_SameState()
    {
        Assert.SkipUnless(Soak, "takes minutes: ATELIER_SOAK=1 or test --soak");
        Assert.SkipUnless(File.Exists(Emulator), $"{Emulator} is not installed (Debian's qemu-user)");
        Assert.SkipUnless(Environment.ProcessPath is { } dotnet && Path.GetFileName(dotnet) == "dotnet", "the tests were not started by dotnet");
        string[] Command(string name) => TinyRun.Train(finished.Data, _folder[name], 2 * TinyRun.Batch);
        var expected = AtelierProcess.Run(Command("here")).Succeeded().StateSha256;
        // qemu is given the program itself, not a name to look up; "shift" drops that name. It maps no memory that .NET writes and
        // runs at once, and not the 256 GiB of addresses that its collector reserves.
        string emulated = $"shift; DOTNET_EnableWriteXorExecute=0 DOTNET_GCHeapHardLimit=0x60000000 DOTNET_gcConcurrent=0 exec {Emulator} -cpu Haswell \"{Environment.ProcessPath}\" \"$@\" 2>/dev/null";
        // Nor has it the barrier over all threads that .NET's collector stops them by: most collections beside the program end in a fault of
        // qemu, and now and then one between.
        const int fault = 139;
        AtelierResult? last = null;
        for (int attempt = 0; attempt < 3 && (last is null || last.ExitCode == fault); attempt++)
        {
            using var process = AtelierProcess.Start(Command($"haswell{attempt}"), "sh", "-c", emulated, "sh");
            last = process.WaitForExit(TimeSpan.FromMinutes(20));
        }

        Assert.Equal(expected, last!.Succeeded().StateSha256);
    }

    public void Dispose() => _folder.Dispose();
}
