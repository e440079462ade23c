using System.Diagnostics;
using System.Runtime.CompilerServices;
using Atelier.Core.Access;
using Atelier.Core.Sharding;
using Atelier.Training.Interop;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;
using static TorchSharp.torch;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>
/// A rank in a process of its own: this program again, told by its environment that it is a rank and no test run. It prints
/// a line for every sum, and one for how it ended.
/// </summary>
internal sealed class RankProcess : IDisposable
{
    private const string Variable = "ATELIER_TEST_RANK";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;

    private RankProcess(Process process) => _process = process;

    /// <summary>Starts a rank that sums again and again.</summary>
    /// <param name="world">The name of a world of shared memory, or the addresses of one of gRPC with commas between.</param>
    /// <param name="ranks">Number of ranks.</param>
    /// <param name="rank">Which.</param>
    /// <param name="sums">How many sums.</param>
    public static RankProcess Start(string world, int ranks, int rank, int sums)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(RankProcess).Assembly.Location]) { RedirectStandardOutput = true };
        start.Environment[Variable] = $"{world} {ranks} {rank} {sums}";
        return new RankProcess(Process.Start(start)!);
    }

    /// <summary>The values of a rank's sums, for all who want to know them beforehand.</summary>
    public static RandomPieces Pieces(int ranks, int sum) =>
        new(sum, RandomPieces.Cut(new Random(sum), (2 * ranks) + 3, ranks), 50_000, ScalarType.Float32);

    /// <summary>The next line that the rank prints, null after the last.</summary>
    public string? ReadLine() => _process.StandardOutput.ReadLineAsync().WaitAsync(Patience).GetAwaiter().GetResult();

    /// <summary>Kills it, as the system does when memory runs out.</summary>
    public void Kill() => _process.Kill();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    /// <summary>Becomes a rank if that is what the environment says, before any test is looked for.</summary>
#pragma warning disable CA2255 // this is a program, which has no other place before its generated entry point
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void BeRank()
    {
        // Some tests make a tensor before they use anything of Atelier.Training, which is what prepares the loading of libtorch.
        RuntimeHelpers.RunModuleConstructor(typeof(TorchLibrary).Module.ModuleHandle);
        if (Environment.GetEnvironmentVariable(Variable)?.Split(' ') is not [var world, var ranks, var rank, var sums])
            return;
        Sum(world, int.Parse(ranks), int.Parse(rank), int.Parse(sums));
        Environment.Exit(0);
    }

    private static void Sum(string world, int ranks, int rank, int sums)
    {
        try
        {
            var (server, links) = Join(world, ranks, rank);
            using var serving = server;
            using var leaving = links;
            for (int i = 0; i < sums; i++)
            {
                var pieces = Pieces(ranks, i);
                using var result = ReductionOf(pieces, links).Reduce($"phase{i}", pieces.Of(rank), CancellationToken.None);
                Console.WriteLine(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(result.bytes)));
            }
            Console.WriteLine("done");
        }
        catch (CollectiveException e)
        {
            Console.WriteLine($"{e.Fault} {e.Phase} {e.Rank} {string.Join(',', e.Blamed)}");
        }
    }

    // Not asynchronous: until this module's initializer ends, no other thread may run its code.
    private static (IDisposable? Server, IRankLinks Links) Join(string world, int ranks, int rank)
    {
        if (!world.Contains(',', StringComparison.Ordinal))
            return (null, new SharedMemoryWorld(world, ranks).JoinAsync(rank, Patience, TimeProvider.System, CancellationToken.None).GetAwaiter().GetResult());
        var addresses = world.Split(',');
        var server = PeerServer.StartAsync(new PeerOptions(ListenAddress.Parse(addresses[rank])), CancellationToken.None).GetAwaiter().GetResult();
        var membership = new PeerMembership("test", 1, rank, [.. addresses.Select(PeerAddress.Parse)]);
        return (new Served(server), server.JoinAsync(membership, Patience, TimeProvider.System, CancellationToken.None).GetAwaiter().GetResult());
    }

    private sealed record Served(PeerServer Server) : IDisposable
    {
        public void Dispose() => Server.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static CollectiveReduction ReductionOf(RandomPieces pieces, IRankLinks links) => new(pieces.Ranges, links, Patience, TimeProvider.System);
}
