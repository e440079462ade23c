using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Atelier.Worker.Collectives.Links;

/// <summary>
/// The Unix socket between two ranks. It carries one message each way and is then kept for one thing: it breaks when a
/// process ends, whatever ended it.
/// </summary>
/// <param name="socket">Connected; disposed with this.</param>
internal sealed class PeerSocket(Socket socket) : IDisposable
{
    // SOL_SOCKET and SO_PEERCRED, as asm-generic/socket.h has them.
    private const int SocketLevel = 1, PeerCredentials = 17;

    /// <summary>The process at the other end, and its user, as the kernel knows them.</summary>
    public (int Process, int User) Peer
    {
        get
        {
            Span<int> credentials = stackalloc int[3];
            socket.GetRawSocketOption(SocketLevel, PeerCredentials, MemoryMarshal.AsBytes(credentials));
            return (credentials[0], credentials[1]);
        }
    }

    /// <summary>Sends what this rank is.</summary>
    public async Task SendAsync(Hello hello, CancellationToken cancellation)
    {
        var bytes = new byte[Marshal.SizeOf<Hello>()];
        MemoryMarshal.Write(bytes, hello);
        for (int sent = 0; sent < bytes.Length;)
            sent += await socket.SendAsync(bytes.AsMemory(sent), cancellation).ConfigureAwait(false);
    }

    /// <summary>Receives what the other rank is.</summary>
    /// <exception cref="EndOfStreamException">It left.</exception>
    public async Task<Hello> ReceiveAsync(CancellationToken cancellation)
    {
        var bytes = new byte[Marshal.SizeOf<Hello>()];
        for (int received = 0; received < bytes.Length;)
        {
            int count = await socket.ReceiveAsync(bytes.AsMemory(received), cancellation).ConfigureAwait(false);
            received += count > 0 ? count : throw new EndOfStreamException("the other rank left");
        }
        return MemoryMarshal.Read<Hello>(bytes);
    }

    /// <summary>Ends when the other process has ended or closed its side.</summary>
    public async Task BrokenAsync()
    {
        try
        {
            await socket.ReceiveAsync(new byte[1].AsMemory()).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // A reset is an end too; what was disposed here is of no more interest.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();
}
