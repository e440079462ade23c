using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Atelier.Rpc.Tests.Transport;

/// <summary>A connection that sends whatever bytes a test likes.</summary>
internal sealed class RawConnection : IDisposable
{
    private const int FrameHeaderBytes = 9;

    private readonly Socket _socket;

    private RawConnection(Socket socket) => _socket = socket;

    /// <summary>What an HTTP/2 client says first: the preface, and settings that change nothing.</summary>
    public static byte[] Preface { get; } = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(4, 0, 0)];

    /// <summary>Connects to a port of this machine.</summary>
    public static async Task<RawConnection> OpenAsync(int port, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        return new RawConnection(socket);
    }

    /// <summary>A frame of HTTP/2 (RFC 9113, section 4.1).</summary>
    public static byte[] Frame(byte type, byte flags, byte stream, params byte[] payload) =>
        [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];

    /// <summary>A header as HPACK has it, without its table and Huffman's code.</summary>
    public static byte[] Header(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    /// <summary>Sends bytes.</summary>
    public async Task SendAsync(byte[] bytes, CancellationToken cancellation) => await _socket.SendAsync(bytes, cancellation);

    /// <summary>Waits until the other end has closed it, by a word or without one.</summary>
    /// <returns>What came until then.</returns>
    public async Task<byte[]> UntilClosedAsync(CancellationToken cancellation)
    {
        using var all = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(buffer, cancellation) is > 0 and var count)
                all.Write(buffer, 0, count);
        }
        catch (SocketException)
        {
            // A reset.
        }
        return all.ToArray();
    }

    /// <summary>The types of frames among bytes that came.</summary>
    public static IReadOnlyList<byte> FrameTypes(byte[] bytes)
    {
        var types = new List<byte>();
        for (int at = 0; at + FrameHeaderBytes <= bytes.Length; at += FrameHeaderBytes + ((bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]))
            types.Add(bytes[at + 3]);
        return types;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
