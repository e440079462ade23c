using System.Globalization;
using System.Text.RegularExpressions;
using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>One run, one trajectory: on processes that die, join, freeze and leave, under a coordinator that is killed.</summary>
public sealed partial class TrajectoryTests : IDisposable
{
    private const string Run = "faces";

    /// <summary>Is never harmed: whatever it has done is not to be done again.</summary>
    private const string Survivor = "w0";

    private const int MostWorkers = 4;

    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    private static readonly Fault[] Faults =
        [Fault.KillWorker, Fault.Join, Fault.KillCoordinator, Fault.Freeze, Fault.Join, Fault.Drain, Fault.Pause, Fault.KillWorker];

    /// <summary>What adaptive augmentation adds up has to get through as all else does.</summary>
    private static readonly string[] Augmented = ["aug=ada", "augpipe=bgcfnc", "ada-interval=3", "ada-kimg=2", "ada-target=0"];

    private readonly StandingCluster _cluster = new();
    private readonly EventLog _events;
    private int _started;

    public TrajectoryTests() => _events = new EventLog(_cluster.Store);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_ThroughFaults_SameStateAndNothingTwice(bool sharesMemory)
    {
        _cluster.SharesMemory = sharesMemory;
        int seed = Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        StartWorker();
        StartWorker();
        await SubmitAsync();
        await RunsOnAsync(2);

        foreach (var fault in Plan(random))
        {
            var before = await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running);
            await CommitAsync(fault, random);
            // The run got over it when it has gone on, with the survivor: whoever trains alone takes what it computed along.
            await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > before.Iteration + 20 && run.Workers.Contains(Survivor));
            TestContext.Current.SendDiagnosticMessage($"{fault} at iteration {before.Iteration}");
        }

        _cluster.Runs.Pause(new PauseRequest { Run = Run }, cancellationToken: TestContext.Current.CancellationToken);
        var paused = await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Paused);
        var survivor = _cluster.Drain(Survivor);
        var (kimg, hash) = NewestSnapshot();
        var alone = AtelierProcess.Run(TinyRun.Train(_cluster.Data, _cluster.Beside, (int)Math.Round(kimg * 1000), TinyRun.Set(Augmented))).Succeeded();

        Assert.Equal(paused.SnapshotImages, Math.Round(kimg * 1000));
        Assert.Equal(alone.StateSha256, hash);
        _events.AssertNothingLost();
        long iterations = (long)Math.Round(kimg * 1000) / TinyRun.Batch;
        Assert.InRange(PhasesApplied(survivor), 1, PhasesOf(iterations));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Worker_Killed_TheOthersGoOnFromWhereTheyWere(bool sharesMemory)
    {
        _cluster.SharesMemory = sharesMemory;
        StartWorker();
        StartWorker();
        await SubmitAsync();
        await RunsOnAsync(2);
        var before = await _cluster.UntilAsync(Run, run => run.Iteration > 10);

        _cluster.Kill("w1");
        var after = await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 1);

        Assert.True(after.Generation > before.Generation);
        Assert.True(after.Iteration >= before.Iteration);
        Assert.Contains(_events.Texts(), text => text == "w1 was lost");
        _events.AssertNothingLost();
    }

    [Fact]
    public async Task Worker_FrozenWhileItIsAlone_ComesBackFromTheMiddleOfItsWork()
    {
        StartWorker();
        await SubmitAsync();
        await RunsOnAsync(1);
        var before = await _cluster.UntilAsync(Run, run => run.Iteration > 10);

        _cluster.Signal(Survivor, "STOP");
        await _cluster.UntilAsync(Run, run => run.Workers.Count == 0);
        _cluster.Signal(Survivor, "CONT");
        var after = await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Generation > before.Generation && run.Workers.Count == 1);

        Assert.True(after.Iteration >= before.Iteration);
        _events.AssertNothingLost();
    }

    public void Dispose() => _cluster.Dispose();

    private static IEnumerable<Fault> Plan(Random random)
    {
        for (int round = 0; round < (Soak ? 7 : 1); round++)
        {
            var faults = Faults.ToArray();
            random.Shuffle(faults);
            foreach (var fault in faults)
                yield return fault;
        }
    }

    private async Task CommitAsync(Fault fault, Random random)
    {
        // Somebody besides the survivor has to be there to be harmed.
        if (_cluster.Workers.Count == 1)
            await JoinAsync();
        string victim = _cluster.Workers[random.Next(1, _cluster.Workers.Count)];
        switch (fault)
        {
            case Fault.KillWorker:
                _cluster.Kill(victim);
                _cluster.StartWorker(victim);
                break;
            case Fault.Join when _cluster.Workers.Count < MostWorkers:
                await JoinAsync();
                break;
            case Fault.Drain:
                Assert.Equal(0, _cluster.Drain(victim).ExitCode);
                break;
            case Fault.Freeze:
                long generation = (await _cluster.UntilAsync(Run, run => run.Workers.Contains(victim))).Generation;
                _cluster.Signal(victim, "STOP");
                await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Generation > generation && !run.Workers.Contains(victim));
                _cluster.Signal(victim, "CONT");
                break;
            case Fault.KillCoordinator:
                _cluster.RestartCoordinator();
                break;
            case Fault.Pause:
                _cluster.Runs.Pause(new PauseRequest { Run = Run }, cancellationToken: TestContext.Current.CancellationToken);
                await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Paused);
                _cluster.Runs.Resume(new ResumeRequest { Run = Run }, cancellationToken: TestContext.Current.CancellationToken);
                break;
        }
    }

    private async Task SubmitAsync()
    {
        await _cluster.UntilAttachedAsync();
        var request = new SubmitRequest { Run = Run, Recipe = "config-f", DataPath = _cluster.Data, RunStore = _cluster.Store };
        // Longer than any test: what is compared is where the run was paused.
        request.Assignments.AddRange([.. SmallRun.Keys, .. Augmented, "tick-kimg=0.08", "snapshot-kimg=0.4", "kimg=1000"]);
        await _cluster.Runs.SubmitAsync(request, cancellationToken: TestContext.Current.CancellationToken);
    }

    private async Task JoinAsync()
    {
        string joined = StartWorker();
        await _cluster.UntilAsync(Run, run => run.Workers.Contains(joined));
    }

    private string StartWorker()
    {
        string name = $"w{_started++}";
        _cluster.StartWorker(name);
        return name;
    }

    private Task<Run> RunsOnAsync(int workers) => _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == workers);

    private (double Kimg, string Hash) NewestSnapshot()
    {
        var newest = AtelierProcess.Run("snapshots", _cluster.Store, "--json").Succeeded().Json.Single().EnumerateArray().Last();
        return (newest.GetProperty("kimg").GetDouble(), newest.GetProperty("state_sha256").GetString()!);
    }

    private static long PhasesApplied(AtelierResult worker) =>
        long.Parse(Applied().Match(worker.Text).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>Gmain and Dmain in every iteration, Greg in every second, Dreg in every third, as the small run has it.</summary>
    private static long PhasesOf(long iterations) => (2 * iterations) + ((iterations + 1) / 2) + ((iterations + 2) / 3);

    [GeneratedRegex(@"(\d+) phases applied")]
    private static partial Regex Applied();
}
