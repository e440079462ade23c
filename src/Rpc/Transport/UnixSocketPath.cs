using System.Net.Sockets;
using System.Text;
using Atelier.Core;

namespace Atelier.Rpc.Transport;

/// <summary>The path of a Unix socket, short enough for the system.</summary>
public sealed record UnixSocketPath
{
    /// <summary>The longest path in bytes: Linux has 108 for it, with the zero at its end.</summary>
    public const int MaxBytes = 107;

    /// <summary>Checks a path.</summary>
    /// <param name="path">Where the socket lies or will lie.</param>
    /// <exception cref="UserErrorException">It is empty or too long.</exception>
    public UnixSocketPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Path = System.IO.Path.GetFullPath(path.Length > 0 ? path : throw new UserErrorException("the path of a Unix socket is empty"));
        var bytes = Encoding.UTF8.GetByteCount(Path);
        if (bytes > MaxBytes)
            throw new UserErrorException($"a Unix socket path can have at most {MaxBytes} bytes, but {Path} has {bytes}; choose a shorter folder, such as one under /tmp");
    }

    /// <summary>The whole path.</summary>
    public string Path { get; }

    /// <summary>Where a socket connects to.</summary>
    public UnixDomainSocketEndPoint EndPoint => new(Path);

    /// <summary>Takes away what a process that was killed left here, so that another one can listen. One that lives keeps its place.</summary>
    /// <returns>The same path.</returns>
    public UnixSocketPath Reclaimed()
    {
        if (!File.Exists(Path)) return this;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(EndPoint);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(Path);
        }

        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
