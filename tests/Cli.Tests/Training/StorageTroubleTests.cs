using System.Diagnostics;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>Disks that fail a run: bytes that changed, and no room.</summary>
public sealed class StorageTroubleTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Events => Path.Combine(_folder["run"], "events.jsonl");

    [Fact]
    public void Train_FlippedByteInTheNewestSnapshot_SaysBothAndGoesOnFromThePrevious()
    {
        finished.CopyTo(_folder["run"]);
        Flip("000000.096");

        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images)).Succeeded();

        string said = Assert.Single(result.Output, line => line.Contains("refused", StringComparison.Ordinal));
        Assert.Contains("000000.096", said, StringComparison.Ordinal);
        Assert.Contains("000000.080", said, StringComparison.Ordinal);
        Assert.Contains("SHA-256", said, StringComparison.Ordinal);
        Assert.Equal(finished.StateSha256, result.StateSha256);
        Assert.Contains("snapshot-refused", File.ReadAllText(Events), StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_FlippedByteInTheNewestSnapshot_SaysSoAndUsesThePrevious()
    {
        finished.CopyTo(_folder["run"]);
        Flip("000000.096");

        var result = AtelierProcess.Run("generate", "--network", _folder["run"], "--seeds", "0", "--out", _folder["pictures"]).Succeeded();

        Assert.Contains("000000.096", Assert.Single(result.Errors), StringComparison.Ordinal);
        Complaint.IsOf(
            AtelierProcess.Run("export", Path.Combine(_folder["run"], "snapshots", "000000.096"), "--out", _folder["network.safetensors"]),
            "000000.096", "SHA-256");
    }

    [Fact]
    public void Train_EverySnapshotDamaged_SaysWhatToDo()
    {
        finished.CopyTo(_folder["run"]);
        foreach (var snapshot in Directory.GetDirectories(Path.Combine(_folder["run"], "snapshots")))
            Flip(Path.GetFileName(snapshot));

        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images));

        Complaint.IsOf(result, _folder["run"], "every snapshot", "delete");
    }

    [Fact]
    public void Train_DiskFullInTheMiddleOfASnapshot_GoesOnAndKeepsTheOldOne()
    {
        Directory.CreateDirectory(_folder["run"]);
        Assert.SkipUnless(Succeeds("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", _folder["run"]), "this process may not mount a file system");
        try
        {
            AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], 32)).Succeeded();
            long snapshot = new DirectoryInfo(Path.Combine(_folder["run"], "snapshots", "000000.032")).EnumerateFiles().Sum(file => file.Length);
            LeaveRoomFor(snapshot / 2);

            var full = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images));

            Assert.Equal(1, full.ExitCode);
            Assert.Equal("finished", full.Json[^1].GetProperty("end").GetString());
            Assert.Equal(finished.StateSha256, full.StateSha256);
            Assert.Contains("could not be written", Assert.Single(full.Errors), StringComparison.Ordinal);
            Assert.Contains(full.Output, line => line.Contains("the disk is full", StringComparison.Ordinal) && line.Contains("training continues", StringComparison.Ordinal));
            Assert.Contains(File.ReadLines(Events), line => line.Contains("snapshot-failed", StringComparison.Ordinal) && line.Contains("000000.048", StringComparison.Ordinal));
            Assert.Equal([0.016, 0.032], FinishedRun.Snapshots(_folder["run"]).Keys);
            Assert.Equal(2, Directory.GetDirectories(Path.Combine(_folder["run"], "snapshots")).Length); // what failed leaves no empty folder

            File.Delete(Path.Combine(_folder["run"], "filler"));
            var after = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images)).Succeeded();
            Assert.Equal(finished.StateSha256, after.StateSha256);
        }
        finally
        {
            Succeeds("umount", _folder["run"]);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static bool Succeeds(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private void Flip(string snapshot)
    {
        var slice = Directory.GetFiles(Path.Combine(_folder["run"], "snapshots", snapshot), "*.safetensors").Single();
        var bytes = File.ReadAllBytes(slice);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(slice, bytes);
    }

    /// <summary>Fills the run's disk up to so many bytes.</summary>
    private void LeaveRoomFor(long bytes)
    {
        using var filler = new FileStream(Path.Combine(_folder["run"], "filler"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (var block = new byte[4096]; ;)
                filler.Write(block);
        }
        catch (IOException)
        {
            filler.SetLength(filler.Length - bytes);
        }
    }
}
