using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Atelier.Worker.Interop;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>
/// NCCL and the driver's streams for ranks that are threads and devices that are the host's memory. A group's blocks travel when all of
/// its peers have queued theirs, on a thread of its own for every rank: a stream.
/// </summary>
internal sealed unsafe class PlayedNccl
{
    private static readonly nint Text = Marshal.StringToHGlobalAnsi("played failure");
    private static readonly ConcurrentBag<Delegate> Alive = [];

    private readonly ConcurrentDictionary<(int From, int To), BlockingCollection<byte[]>> _wires = [];
    private readonly ConcurrentDictionary<nint, Rank> _ranks = [];

    [ThreadStatic]
    private static List<Action>? _group;

    [ThreadStatic]
    private static nint _communicator;

    /// <summary>The rank that cannot join.</summary>
    public int? Refused { get; init; }

    /// <summary>The rank whose sends never arrive.</summary>
    public int? Silent { get; init; }

    /// <summary>What an exchange uses.</summary>
    public NcclImports Imports()
    {
        var functions = new Dictionary<string, Delegate>
        {
            ["ncclGetUniqueId"] = (Id)(id =>
            {
                for (int i = 0; i < NcclImports.IdBytes; i++)
                    id[i] = (byte)(255 - i);
                return 0;
            }),
            ["ncclCommInitRank"] = (Initialise)Join,
            ["ncclCommDestroy"] = (Pointer)(communicator => _ranks.TryRemove(communicator, out _) ? 0 : 4),
            ["ncclCommAbort"] = (Pointer)(communicator => _ranks.TryRemove(communicator, out _) ? 0 : 4),
            ["ncclCommGetAsyncError"] = (Error)((nint _, out int error) => error = 0),
            ["ncclGetErrorString"] = (Message)(_ => Text),
            ["ncclGroupStart"] = (None)(() =>
            {
                _group = [];
                return 0;
            }),
            ["ncclGroupEnd"] = (None)EndGroup,
            ["ncclSend"] = (Move)((address, count, type, peer, communicator, stream) => Queue(address, count, type, peer, communicator, stream, isSend: true)),
            ["ncclRecv"] = (Move)((address, count, type, peer, communicator, stream) => Queue(address, count, type, peer, communicator, stream, isSend: false)),
            ["cuStreamQuery"] = (Pointer)(stream => _ranks.Values.Single(rank => rank.Number == stream).Work.IsCompleted ? 0 : 600),
        };
        foreach (var function in functions.Values)
            Alive.Add(function);
        nint Export(string name) => Marshal.GetFunctionPointerForDelegate(functions[name]);
        return new NcclImports(Export, Export);
    }

    /// <summary>Ends the streams that wait for blocks.</summary>
    public void End()
    {
        foreach (var wire in _wires.Values)
            wire.CompleteAdding();
    }

    private int Join(out nint communicator, int ranks, NcclImports.UniqueId id, int rank)
    {
        communicator = 0x100 + rank;
        if (rank == Refused || id.Of[0] != 255 || id.Of[127] != 128)
            return 5;
        _ranks[communicator] = new Rank(rank);
        return 0;
    }

    private int Queue(nint address, nuint count, int type, int peer, nint communicator, nint stream, bool isSend)
    {
        int rank = _ranks[communicator].Number;
        if (type != 0 || stream != rank)
            return 4;
        _communicator = communicator;
        _group!.Add(() =>
        {
            if (!isSend)
                Wire(peer, rank).Take().CopyTo(new Span<byte>((void*)address, checked((int)count)));
            else if (rank != Silent)
                Wire(rank, peer).Add(new ReadOnlySpan<byte>((void*)address, checked((int)count)).ToArray());
        });
        return 0;
    }

    /// <summary>Sends before it receives, as a group does at once. The sums between two groups are the host's: they wait for the first.</summary>
    private int EndGroup()
    {
        var blocks = _group!;
        var rank = _ranks[_communicator];
        rank.Work = Task.Factory.StartNew(() => blocks.ForEach(block => block()), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (Silent is null)
            rank.Work.Wait();
        return 0;
    }

    private BlockingCollection<byte[]> Wire(int from, int to) => _wires.GetOrAdd((from, to), _ => []);

    private sealed class Rank(int number)
    {
        public int Number => number;

        public Task Work { get; set; } = Task.CompletedTask;
    }

    private delegate int Id(byte* id);

    private delegate int Initialise(out nint communicator, int ranks, NcclImports.UniqueId id, int rank);

    private delegate int Pointer(nint value);

    private delegate int Error(nint communicator, out int error);

    private delegate nint Message(int error);

    private delegate int None();

    private delegate int Move(nint address, nuint count, int type, int peer, nint communicator, nint stream);
}
