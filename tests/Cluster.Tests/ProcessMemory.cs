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

    /// <summary>Where a pattern begins in what the process may write to.</summary>
    /// <param name="process">The process.</param>
    /// <param name="pattern">Long enough to be nothing else.</param>
    public static IReadOnlyList<long> Find(int process, byte[] pattern)
    {
        var found = new List<long>();
        using var memory = Open(process);
        var block = new byte[BlockBytes + pattern.Length];
        foreach (var (start, end) in Writable(process))
        {
            for (long at = start; at < end; at += BlockBytes)
            {
                int count = Read(memory, at, block.AsSpan(0, (int)Math.Min(block.Length, end - at)));
                for (int next = 0; block.AsSpan(next, count - next).IndexOf(pattern) is >= 0 and var offset; next += offset + 1)
                    found.Add(at + next + offset);
            }
        }
        return found;
    }

    /// <summary>Flips a bit where the pattern still is. The process should stand still meanwhile.</summary>
    /// <returns>At how many places.</returns>
    public static int FlipBit(int process, byte[] pattern, IEnumerable<long> places)
    {
        using var memory = Open(process);
        var now = new byte[pattern.Length];
        int flipped = 0;
        foreach (long place in places.Where(place => Read(memory, place, now) == now.Length && now.AsSpan().SequenceEqual(pattern)))
        {
            memory.Position = place;
            memory.WriteByte((byte)(pattern[0] ^ 1));
            flipped++;
        }
        return flipped;
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
