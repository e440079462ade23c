using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Atelier.Cli.Certificates;
using Atelier.Cli.Cluster;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Training.Step;
using Atelier.Worker.Benchmarks;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier bench</c>: what a training step and a sum over ranks cost on this machine. Benchmarks of single parts are in <c>bench/</c>.</summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench", "Time training steps and sums over ranks on this machine")
    {
        BenchStepCommand.Create(),
        BenchAllReduceCommand.Create(),
    };
}

/// <summary><c>atelier bench allreduce</c>: how fast ranks on this host sum a buffer.</summary>
internal static class BenchAllReduceCommand
{
    private const int MostRanks = 64;
    private const int MostMegabytes = 2000;
    private const int MostRepetitions = 1000;

    public static Command Create()
    {
        var ranks = new Option<int>("--ranks") { Description = "number of ranks", DefaultValueFactory = _ => 2 };
        var megabytes = new Option<int>("--megabytes") { Description = "size of the float32 buffer, in MB (10^6 bytes)", DefaultValueFactory = _ => 16 };
        var transport = new Option<string>("--transport") { Description = "how the ranks are connected: threads of one process, shared memory between processes, or TCP as between hosts, with or without TLS", DefaultValueFactory = _ => AllReduceJob.SharedMemory };
        transport.AcceptOnlyFromAmong(AllReduceJob.Transports);
        var repetitions = new Option<int>("--repetitions") { Description = "number of timed sums; the median is reported", DefaultValueFactory = _ => 7 };
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        // How the command starts its other ranks.
        var rank = new Option<int?>("--rank") { Hidden = true };
        var world = new Option<string?>("--world") { Hidden = true };
        var command = new Command("allreduce", "Time sums over several ranks on this host") { ranks, megabytes, transport, repetitions, json, rank, world };
        command.SetAction(parsed => Run(
            new AllReduceJob(parsed.GetValue(ranks), parsed.GetValue(megabytes), parsed.GetValue(repetitions), parsed.GetValue(transport)!),
            parsed.GetValue(rank), parsed.GetValue(world), parsed.GetValue(json)));
        return command;
    }

    private static int Run(AllReduceJob job, int? rank, string? world, bool json)
    {
        if (job.Ranks is < 1 or > MostRanks)
            throw new UserErrorException($"--ranks {job.Ranks}: must be from 1 to {MostRanks}");
        if (job.Megabytes is < 1 or > MostMegabytes)
            throw new UserErrorException($"--megabytes {job.Megabytes}: must be from 1 to {MostMegabytes}");
        if (job.Repetitions is < 1 or > MostRepetitions)
            throw new UserErrorException($"--repetitions {job.Repetitions}: must be from 1 to {MostRepetitions}");
        if (rank is { } other && world is not null)
        {
            AllReduceRanks.RunRank(job, world, other, CancellationToken.None);
            return ExitCode.Success;
        }
        var rate = job.Transport == AllReduceJob.InProcess ? AllReduceRanks.RunThreads(job) : AllReduceRanks.RunProcesses(job);
        Console.WriteLine(json
            ? new JsonObject
            {
                ["seconds"] = Math.Round(rate.Seconds, 6),
                ["bus_gb_per_s"] = Math.Round(rate.BusGigabytesPerSecond, 4),
                ["extra_bytes_per_rank"] = rate.ExtraBytes,
            }.ToJsonString()
            : string.Create(CultureInfo.InvariantCulture, $"{job.Megabytes} MB over {job.Ranks} ranks ({job.Transport}): {rate.Seconds:0.00000} s, {rate.BusGigabytesPerSecond:0.000} GB/s per link, {rate.ExtraBytes / 1e6:0.0} MB beyond the buffer"));
        return ExitCode.Success;
    }
}

/// <summary>A benchmark of sums.</summary>
/// <param name="Ranks">How many take part.</param>
/// <param name="Megabytes">Size of the buffer, in 10⁶ bytes.</param>
/// <param name="Repetitions">Timed sums.</param>
/// <param name="Transport">What lies between the ranks.</param>
internal sealed record AllReduceJob(int Ranks, int Megabytes, int Repetitions, string Transport)
{
    /// <summary>Processes of this host, through its memory.</summary>
    public const string SharedMemory = "shared-memory";

    /// <summary>Processes of this host, over TCP as if they were on several.</summary>
    public const string Grpc = "grpc";

    /// <summary>The same with TLS, which several hosts must have.</summary>
    public const string GrpcTls = "grpc-tls";

    /// <summary>Threads of this process.</summary>
    public const string InProcess = "in-process";

    /// <summary>All of them.</summary>
    public static string[] Transports { get; } = [SharedMemory, Grpc, GrpcTls, InProcess];

    /// <summary>Whether the ranks meet as workers on several hosts do.</summary>
    public bool IsBetweenHosts => Transport is Grpc or GrpcTls;
}

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

    /// <summary>One process per rank; this one is rank 0.</summary>
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
            throw new IOException("another rank exited before all ranks were connected");
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

    /// <summary>One thread per rank.</summary>
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

/// <summary>Ranks of a benchmark that meet as workers on several hosts do: where each listens, and the certificates of all.</summary>
/// <param name="Addresses">HOST:PORT of each rank.</param>
/// <param name="Certificates">The folder with an authority and a certificate for all; null to speak no TLS.</param>
internal sealed record PeerWorld(IReadOnlyList<string> Addresses, string? Certificates)
{
    private const string AuthorityName = "ca";
    private const string RankName = "rank";
    private const char Separator = ',';
    private const char FolderSeparator = ';';

    /// <summary>Free ports of this machine, and certificates where they are wanted; the folder is the caller's to delete.</summary>
    public static PeerWorld Create(int ranks, bool isEncrypted) => new(FreeAddresses(ranks), isEncrypted ? MakeCertificates() : null);

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static PeerWorld Parse(string text)
    {
        var parts = text.Split(FolderSeparator, 2);
        return new(parts[0].Split(Separator), parts.Length > 1 ? parts[1] : null);
    }

    /// <summary>Where each rank is reached.</summary>
    public IReadOnlyList<PeerAddress> Peers() => [.. Addresses.Select(address => PeerAddress.Parse($"{(Certificates is null ? "http" : "https")}://{address}"))];

    /// <summary>What each rank shows and trusts.</summary>
    public PeerSecurity Security()
    {
        if (Certificates is null)
            return PeerSecurity.None;
        var folder = new CertificateFolder(Certificates, force: false);
        return new(Tls.Load(folder.CertificateOf(RankName), folder.KeyOf(RankName), TimeProvider.System), Tls.Authorities(folder.CertificateOf(AuthorityName)), null);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(Separator, Addresses) + (Certificates is null ? "" : $"{FolderSeparator}{Certificates}");

    // All are held at once, so that they differ; each is taken again by the rank that it is for.
    private static List<string> FreeAddresses(int ranks)
    {
        var listeners = Enumerable.Range(0, ranks).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var addresses = listeners.Select(listener => $"{listener.LocalEndpoint}").ToList();
        listeners.ForEach(listener => listener.Dispose());
        return addresses;
    }

    private static string MakeCertificates()
    {
        string path = Directory.CreateTempSubdirectory("atelier-bench-").FullName;
        var (folder, now) = (new CertificateFolder(path, force: false), TimeProvider.System.GetUtcNow());
        using var authority = DevelopmentAuthority.Create(now);
        using var rank = authority.Issue(CertificateRole.Worker, RankName, [$"{IPAddress.Loopback}"], now);
        folder.Save(AuthorityName, authority.Certificate);
        folder.Save(RankName, rank);
        return path;
    }
}
