using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>Who computes, and on how many cores, changes no bit.</summary>
public sealed class WorkersTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Train_AnyNumberOfWorkers_SameState(int workers)
    {
        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images, "--workers", $"{workers}")).Succeeded();

        Assert.Equal(finished.StateSha256, result.StateSha256);
    }

    [Fact]
    public void Train_OnOneCore_SameStateAsOnAll()
    {
        Assert.SkipWhen(Environment.ProcessorCount < 2, "this machine has one core");
        Assert.SkipUnless(File.Exists("/usr/bin/taskset"), "taskset (util-linux) is not installed");

        using var process = AtelierProcess.Start(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images), "/usr/bin/taskset", "-c", "0");

        Assert.Equal(finished.StateSha256, process.WaitForExit().Succeeded().StateSha256);
    }

    [Fact]
    public void Train_AnotherSeed_AnotherState()
    {
        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], 2 * TinyRun.Batch, "--seed", "1")).Succeeded();

        Assert.NotEqual(FinishedRun.Snapshots(finished.Path)[0.016], result.StateSha256);
    }

    public void Dispose() => _folder.Dispose();
}
