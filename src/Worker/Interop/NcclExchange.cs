using System.Runtime.InteropServices;
using Atelier.Training.Interop;
using Atelier.Worker.Collectives;

namespace Atelier.Worker.Interop;

/// <summary>The functions of NCCL and of the driver that an exchange needs, as they are. NCCL answers with an ncclResult, the driver with a CUresult; 0 is success.</summary>
/// <param name="nccl">A function of libnccl, by its name.</param>
/// <param name="driver">A function of libcuda, by its name.</param>
internal sealed unsafe class NcclImports(Func<string, nint> nccl, Func<string, nint> driver)
{
    /// <summary>Bytes of an ncclUniqueId.</summary>
    public const int IdBytes = 128;

    /// <summary>ncclInt8: blocks are bytes, whatever is in them.</summary>
    public const int Bytes = 0;

    public readonly delegate* unmanaged<UniqueId*, int> GetUniqueId = (delegate* unmanaged<UniqueId*, int>)nccl("ncclGetUniqueId");
    public readonly delegate* unmanaged<nint*, int, UniqueId, int, int> Initialise = (delegate* unmanaged<nint*, int, UniqueId, int, int>)nccl("ncclCommInitRank");
    public readonly delegate* unmanaged<nint, int> Destroy = (delegate* unmanaged<nint, int>)nccl("ncclCommDestroy");
    public readonly delegate* unmanaged<nint, int> Abort = (delegate* unmanaged<nint, int>)nccl("ncclCommAbort");
    public readonly delegate* unmanaged<nint, int*, int> GetAsyncError = (delegate* unmanaged<nint, int*, int>)nccl("ncclCommGetAsyncError");
    public readonly delegate* unmanaged<int, byte*> GetErrorString = (delegate* unmanaged<int, byte*>)nccl("ncclGetErrorString");
    public readonly delegate* unmanaged<int> GroupStart = (delegate* unmanaged<int>)nccl("ncclGroupStart");
    public readonly delegate* unmanaged<int> GroupEnd = (delegate* unmanaged<int>)nccl("ncclGroupEnd");
    public readonly delegate* unmanaged<nint, nuint, int, int, nint, nint, int> Send = (delegate* unmanaged<nint, nuint, int, int, nint, nint, int>)nccl("ncclSend");
    public readonly delegate* unmanaged<nint, nuint, int, int, nint, nint, int> Receive = (delegate* unmanaged<nint, nuint, int, int, nint, nint, int>)nccl("ncclRecv");
    public readonly delegate* unmanaged<nint, int> QueryStream = (delegate* unmanaged<nint, int>)driver("cuStreamQuery");

    /// <exception cref="DeviceExchangeException">The answer is an error.</exception>
    public void Check(int answer, string call)
    {
        if (answer != 0)
            throw new DeviceExchangeException($"{call}: {Marshal.PtrToStringUTF8((nint)GetErrorString(answer))} (NCCL error {answer})");
    }

    /// <summary>What the ranks of a world have in common; passed by value.</summary>
    internal struct UniqueId
    {
        public fixed byte Of[IdBytes];
    }
}

/// <summary>NCCL of this machine, with the driver that it works by.</summary>
/// <param name="Imports">Its functions.</param>
/// <param name="Stream">The stream of a GPU that libtorch works in.</param>
internal sealed record NcclLibrary(NcclImports Imports, Func<nint> Stream)
{
    /// <summary>Looks for both; null where one is missing.</summary>
    /// <param name="index">The GPU.</param>
    public static NcclLibrary? Find(int index)
    {
        if (CudaLibraries.OpenNccl(out _) is not { } nccl || !NativeLibrary.TryLoad(CudaLibraries.Driver, out nint driver) || CudaLibraries.CurrentStream(index) is not { } stream)
            return null;
        try
        {
            return new NcclLibrary(new NcclImports(name => NativeLibrary.GetExport(nccl, name), name => NativeLibrary.GetExport(driver, name)), stream);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }
}

/// <summary>A communicator of NCCL, destroyed when all is well and aborted otherwise.</summary>
internal sealed unsafe class NcclCommunicator : SafeHandle
{
    private readonly NcclImports _imports;

    /// <summary>Joins a world; waits for all others.</summary>
    public NcclCommunicator(NcclImports imports, ReadOnlySpan<byte> id, int rank, int ranks) : base(0, ownsHandle: true)
    {
        _imports = imports;
        NcclImports.UniqueId world = default;
        id.CopyTo(new Span<byte>(world.Of, NcclImports.IdBytes));
        nint communicator;
        imports.Check(imports.Initialise(&communicator, ranks, world, rank), "ncclCommInitRank");
        SetHandle(communicator);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Ends what is under way. The handle is then of no use.</summary>
    public void Abort()
    {
        if (IsInvalid || IsClosed)
            return;
        _ = _imports.Abort(handle);
        SetHandleAsInvalid();
    }

    protected override bool ReleaseHandle() => _imports.Destroy(handle) == 0;
}

/// <summary>Exchanges blocks between GPUs by NCCL's point-to-point calls, in the stream that libtorch works in.</summary>
internal sealed unsafe class NcclExchange : IDeviceExchange
{
    private const int NotReady = 600; // CUDA_ERROR_NOT_READY

    private readonly NcclImports _imports;
    private readonly NcclCommunicator _communicator;
    private readonly Func<nint> _stream;

    /// <summary>Joins a world; waits for all others.</summary>
    /// <param name="imports">NCCL.</param>
    /// <param name="id">Of <see cref="NewWorld"/>, the same on all ranks.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="ranks">Number of ranks.</param>
    /// <param name="stream">The stream to queue in, asked each time.</param>
    /// <exception cref="DeviceExchangeException">NCCL refused, as it does for two ranks on one GPU.</exception>
    public NcclExchange(NcclImports imports, ReadOnlySpan<byte> id, int rank, int ranks, Func<nint> stream)
    {
        (_imports, Rank, Ranks, _stream) = (imports, rank, ranks, stream);
        _communicator = new NcclCommunicator(imports, id, rank, ranks);
    }

    public int Rank { get; }

    public int Ranks { get; }

    /// <summary>What the ranks of a new world join by.</summary>
    public static byte[] NewWorld(NcclImports imports)
    {
        NcclImports.UniqueId id;
        imports.Check(imports.GetUniqueId(&id), "ncclGetUniqueId");
        return new ReadOnlySpan<byte>(id.Of, NcclImports.IdBytes).ToArray();
    }

    public void Queue(IReadOnlyList<DeviceBlock> sends, IReadOnlyList<DeviceBlock> receives)
    {
        nint communicator = Communicator(), stream = _stream();
        _imports.Check(_imports.GroupStart(), "ncclGroupStart");
        foreach (var block in sends)
            _imports.Check(_imports.Send(block.Address, (nuint)block.Bytes, NcclImports.Bytes, block.Peer, communicator, stream), "ncclSend");
        foreach (var block in receives)
            _imports.Check(_imports.Receive(block.Address, (nuint)block.Bytes, NcclImports.Bytes, block.Peer, communicator, stream), "ncclRecv");
        _imports.Check(_imports.GroupEnd(), "ncclGroupEnd");
    }

    public bool IsDone()
    {
        int error;
        _imports.Check(_imports.GetAsyncError(Communicator(), &error), "ncclCommGetAsyncError");
        _imports.Check(error, "NCCL");
        int answer = _imports.QueryStream(_stream());
        return answer switch
        {
            0 => true,
            NotReady => false,
            _ => throw new DeviceExchangeException($"cuStreamQuery: CUDA error {answer}"),
        };
    }

    public void Abort() => _communicator.Abort();

    public void Dispose() => _communicator.Dispose();

    private nint Communicator() => _communicator.IsInvalid || _communicator.IsClosed
        ? throw new DeviceExchangeException("the exchange was given up")
        : _communicator.DangerousGetHandle();
}
