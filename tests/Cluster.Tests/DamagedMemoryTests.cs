using System.Buffers.Binary;
using System.Text.Json;
using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>A worker in whose memory a bit has changed.</summary>
public sealed class DamagedMemoryTests : IDisposable
{
    private const string Run = "faces";
    private const string Victim = "w2";

    private readonly StandingCluster _cluster = new();

    [Fact]
    public async Task Worker_WithADamagedState_IsEvictedAndNamedAndTheOthersGoOnToTheSameState()
    {
        foreach (string worker in (string[])["w0", "w1", Victim])
            _cluster.StartWorker(worker);
        Assert.SkipUnless(ProcessMemory.IsOpen(_cluster.ProcessOf(Victim)), "the memory of a child cannot be written here (ptrace is restricted)");
        await _cluster.UntilAttachedAsync();
        var request = new SubmitRequest { Run = Run, Recipe = "config-f", DataPath = _cluster.Data, RunStore = _cluster.Store };
        request.Assignments.AddRange([.. SmallRun.Keys, "tick-kimg=0.08", "snapshot-kimg=0.4", "kimg=1000"]);
        await _cluster.Runs.SubmitAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        await _cluster.UntilAsync(Run, run => run.SnapshotImages > 0 && run.Workers.Count == 3);
        byte[] constant = NoiseOfTheNewestSnapshot();

        // Frozen for an instant only: one that is silent for longer is lost for that.
        var places = ProcessMemory.Find(_cluster.ProcessOf(Victim), constant);
        _cluster.Signal(Victim, "STOP");
        int damaged = ProcessMemory.FlipBit(_cluster.ProcessOf(Victim), constant, places);
        _cluster.Signal(Victim, "CONT");
        Assert.True(damaged > 0, "the state was not found in the worker's memory");
        await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 2 && !run.Workers.Contains(Victim));

        _cluster.Runs.Pause(new PauseRequest { Run = Run }, cancellationToken: TestContext.Current.CancellationToken);
        var paused = await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Paused);
        var events = new EventLog(_cluster.Store);
        Assert.Contains(events.Texts(), text => text.StartsWith($"{Victim} is evicted", StringComparison.Ordinal) && text.Contains("differs", StringComparison.Ordinal));
        events.AssertNothingLost();
        var alone = AtelierProcess.Run(TinyRun.Train(_cluster.Data, _cluster.Beside, (int)paused.SnapshotImages)).Succeeded();
        Assert.Equal(alone.StateSha256, AtelierProcess.Run("snapshots", _cluster.Store, "--json").Succeeded().Json.Single().EnumerateArray().Last().GetProperty("state_sha256").GetString());
    }

    public void Dispose() => _cluster.Dispose();

    // Never changes, and is nowhere else: training draws noise of its own.
    private byte[] NoiseOfTheNewestSnapshot()
    {
        string path = $"{_cluster.Beside}.safetensors";
        AtelierProcess.Run("export", _cluster.Store, "--out", path).Succeeded();
        byte[] file = File.ReadAllBytes(path);
        int header = checked((int)BinaryPrimitives.ReadInt64LittleEndian(file));
        var tensors = JsonDocument.Parse(file.AsMemory(sizeof(long), header)).RootElement;
        var offsets = tensors.GetProperty("synthesis.b8.conv1.noise_const").GetProperty("data_offsets");
        return file[(sizeof(long) + header + offsets[0].GetInt32())..(sizeof(long) + header + offsets[1].GetInt32())];
    }
}
