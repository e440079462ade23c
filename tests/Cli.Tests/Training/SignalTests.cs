using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>Ctrl-C and SIGTERM: the iteration is finished, a snapshot is written, and the same command goes on.</summary>
public sealed class SignalTests(FinishedRun finished) : IDisposable
{
    private const int LongRunImages = 2400;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("INT", 2)]
    [InlineData("TERM", 15)]
    public void Train_Signal_SnapshotsAndGoesOnLater(string signal, int number)
    {
        Assert.SkipWhen(AtelierProcess.Ignores(number), $"SIG{signal} is ignored by the process that started the tests, and so by what it starts");
        // Long enough that a busy machine delivers the signal before its end.
        string[] Command(string folder) => TinyRun.Train(finished.Data, _folder[folder], LongRunImages, TinyRun.Set("snapshot-kimg=10"));
        string[] command = Command("run");
        using var process = AtelierProcess.Start(command);
        Assert.True(process.WaitForLines(3, TinyRun.IsTick));
        process.Signal(signal);

        var stopped = process.WaitForExit();

        Assert.Equal(130, stopped.ExitCode);
        Assert.Empty(stopped.Errors);
        Assert.Equal("stopped", stopped.Json[^1].GetProperty("end").GetString());
        var (kimg, hash) = Assert.Single(FinishedRun.Snapshots(_folder["run"]));
        Assert.Equal(stopped.Json[^1].GetProperty("kimg").GetDouble(), kimg);
        Assert.Equal(stopped.StateSha256, hash);
        Assert.Equal(0, kimg * 1000 % TinyRun.Batch);
        Assert.Equal(AtelierProcess.Run(Command("alone")).Succeeded().StateSha256, AtelierProcess.Run(command).Succeeded().StateSha256);
    }

    /// <summary>A terminal sends Ctrl-C to the whole group; the coordinator and the workers have to stay until the state is saved.</summary>
    [Fact]
    public void Train_CtrlCToAllProcessesOfARun_SnapshotsWithoutRestartingAny()
    {
        Assert.SkipWhen(AtelierProcess.Ignores(2), "SIGINT is ignored by the process that started the tests, and so by what it starts");
        Assert.SkipUnless(File.Exists("/usr/bin/setsid"), "setsid (util-linux) is not installed");
        string[] command = TinyRun.Train(finished.Data, _folder["run"], 100 * LongRunImages, [.. TinyRun.Set("snapshot-kimg=1000"), "--workers", "2"]);
        using var process = AtelierProcess.Start(command, "/usr/bin/setsid", "--wait");
        Assert.True(process.WaitForLines(3, TinyRun.IsTick));
        process.SignalGroup("INT");

        var stopped = process.WaitForExit();

        Assert.Equal(130, stopped.ExitCode);
        Assert.DoesNotContain("restarting", stopped.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("exited (", stopped.Text, StringComparison.Ordinal);
        Assert.Equal("stopped", stopped.Json[^1].GetProperty("end").GetString());
        Assert.Single(FinishedRun.Snapshots(_folder["run"]));
    }

    public void Dispose() => _folder.Dispose();
}
