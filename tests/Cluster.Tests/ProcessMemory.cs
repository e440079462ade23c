using System.Globalization;

namespace Atelier.Cluster.Tests;

/// <summary>The memory of another process, as its parent may read and write it.</summary>
internal static class ProcessMemory
{
    private const int BlockBytes = 1 << 22;

    /// <summary>Whether the system allows it.</summary>
    public static bool IsOpen(int process)
    {
        try
        {
            using var memory = Open(process);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Flips a bit wherever a pattern begins in what the process may write to. It should stand still meanwhile.</summary>
    /// <param name="process">The process.</param>
    /// <param name="pattern">What to find; long enough to be nothing else.</param>
    /// <returns>How often the pattern was found.</returns>
    public static int FlipBit(int process, byte[] pattern)
    {
        int found = 0;
        using var memory = Open(process);
        foreach (var (start, end) in Writable(process))
        {
            var block = new byte[BlockBytes + pattern.Length];
            for (long at = start; at < end; at += BlockBytes)
            {
                int count = Read(memory, at, block.AsSpan(0, (int)Math.Min(block.Length, end - at)));
                for (int next = 0; block.AsSpan(next, count - next).IndexOf(pattern) is >= 0 and var offset;)
                {
                    next += offset + 1;
                    memory.Position = at + next - 1;
                    memory.WriteByte((byte)(pattern[0] ^ 1));
                    found++;
                }
            }
        }
        return found;
    }

    private static FileStream Open(int process) => new($"/proc/{process}/mem", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);

    private static int Read(FileStream memory, long at, Span<byte> block)
    {
        try
        {
            memory.Position = at;
            return memory.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
        }
        catch (IOException)
        {
            return 0; // what is mapped need not be readable
        }
    }

    private static IEnumerable<(long Start, long End)> Writable(int process) => File.ReadLines($"/proc/{process}/maps")
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(fields => fields[1] == "rw-p")
        .Select(fields => fields[0].Split('-').Select(address => long.Parse(address, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray())
        .Select(range => (range[0], range[1]));
}
