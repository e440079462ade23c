using System.Diagnostics;
using Atelier.Core.Access;
using Atelier.Training.Step;
using Atelier.Worker.Benchmarks;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;

namespace Atelier.Cli.Commands;

/// <summary>The ranks of <c>bench allreduce</c>: threads of this process, or this process and others of its kind.</summary>
internal static class AllReduceRanks
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>One rank of a world of processes.</summary>
    public static AllReduceRate RunRank(AllReduceJob job, string world, int rank, CancellationToken cancellation)
    {
        if (job.IsBetweenHosts)
            return RunBetweenHostsAsync(job, PeerWorld.Parse(world), rank, cancellation).GetAwaiter().GetResult();
        var links = new SharedMemoryWorld(world, job.Ranks).JoinAsync(rank, Patience, TimeProvider.System, cancellation).GetAwaiter().GetResult();
        return AllReduceBenchmark.Run(links, job.Megabytes, job.Repetitions, TimeProvider.System);
    }

    /// <summary>A process a rank, this one the first.</summary>
    /// <exception cref="IOException">Another rank could not begin.</exception>
    public static AllReduceRate RunProcesses(AllReduceJob job)
    {
        var peers = job.IsBetweenHosts ? PeerWorld.Create(job.Ranks, isEncrypted: job.Transport == AllReduceJob.GrpcTls) : null;
        var world = peers?.ToString() ?? Guid.NewGuid().ToString("n");
        // Not disposed: a process that ends late still cancels it.
        var lost = new CancellationTokenSource();
        var others = new List<Process>();
        try
        {
            for (int rank = 1; rank < job.Ranks; rank++)
                others.Add(Start(job, world, rank, lost));
            var rate = RunRank(job, world, 0, lost.Token);
            others.ForEach(other => other.WaitForExit());
            return rate;
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            throw new IOException("another rank ended before all had come");
        }
        finally
        {
            foreach (var other in others)
            {
                if (!other.HasExited)
                    other.Kill();
                other.Dispose();
            }
            if (peers?.Certificates is { } folder)
                Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A thread a rank.</summary>
    public static AllReduceRate RunThreads(AllReduceJob job)
    {
        var links = InMemoryWorld.Create(job.Ranks);
        var rates = new AllReduceRate[job.Ranks];
        void Run(int rank) => rates[rank] = AllReduceBenchmark.Run(links[rank], job.Megabytes, job.Repetitions, TimeProvider.System);
        var threads = Enumerable.Range(1, job.Ranks - 1).Select(rank => new LaneThread($"rank {rank}")).ToList();
        try
        {
            LaneThread.WaitAll(threads.Select((thread, other) => thread.Start(() => Run(other + 1))).ToList(), () => Run(0));
        }
        finally
        {
            threads.ForEach(thread => thread.Dispose());
        }
        return rates[0];
    }

    private static async Task<AllReduceRate> RunBetweenHostsAsync(AllReduceJob job, PeerWorld world, int rank, CancellationToken cancellation)
    {
        await using var server = await PeerServer.StartAsync(new PeerOptions(ListenAddress.Parse(world.Addresses[rank])) { Security = world.Security() }, cancellation);
        var membership = new PeerMembership("bench", 1, rank, world.Peers());
        var links = await server.JoinAsync(membership, Patience, TimeProvider.System, cancellation);
        return AllReduceBenchmark.Run(links, job.Megabytes, job.Repetitions, TimeProvider.System);
    }

    private static Process Start(AllReduceJob job, string world, int rank, CancellationTokenSource lost)
    {
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (var argument in new[] { "bench", "allreduce", "--ranks", $"{job.Ranks}", "--megabytes", $"{job.Megabytes}", "--repetitions", $"{job.Repetitions}", "--transport", job.Transport, "--rank", $"{rank}", "--world", world })
            start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) =>
        {
            if (process.ExitCode != 0)
                lost.Cancel();
        };
        return process;
    }
}
