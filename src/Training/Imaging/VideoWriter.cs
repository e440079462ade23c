using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Atelier.Core;

namespace Atelier.Training.Imaging;

/// <summary>
/// Writes videos: with ffmpeg where it is installed, else as animated WebP, which browsers and picture viewers play.
/// </summary>
public static class VideoWriter
{
    private const int Quality = 90;
    private const string Ffmpeg = "ffmpeg";
    private const int InterruptedFfmpeg = 255; // its exit code after a signal, of which it says nothing as an error
    private const string WebP = ".webp";

    /// <summary>Writes pictures of one size as a video.</summary>
    /// <param name="path">The file: <c>.webp</c> for animated WebP, anything else (<c>.mp4</c>, <c>.webm</c>, <c>.gif</c>) by ffmpeg.</param>
    /// <param name="frames">At least two; drawn as they are written.</param>
    /// <param name="framesPerSecond">1 to 100.</param>
    /// <param name="cancellation">Stops, and leaves no file.</param>
    /// <returns>The file: beside the one asked for, with the ending <c>.webp</c>, where ffmpeg is not installed.</returns>
    /// <exception cref="UserErrorException">There is one frame, the rate is out of range, or ffmpeg refuses the file.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static string Write(string path, IEnumerable<RgbImage> frames, int framesPerSecond, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(frames);
        if (framesPerSecond is < 1 or > 100)
            throw new UserErrorException($"{framesPerSecond} frames per second: must be from 1 to 100");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        bool byFfmpeg = !Path.GetExtension(path).Equals(WebP, StringComparison.OrdinalIgnoreCase) && HasFfmpeg();
        string file = byFfmpeg ? path : Path.ChangeExtension(path, WebP);
        // The ending tells ffmpeg the format, so it stays at the end.
        string unfinished = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, $".{Guid.NewGuid():N}{Path.GetExtension(file)}");
        try
        {
            if (byFfmpeg)
                WriteByFfmpeg(unfinished, path, frames, framesPerSecond, cancellation);
            else
                WriteWebP(unfinished, frames, framesPerSecond, cancellation);
            File.Move(unfinished, file, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
        return file;
    }

    /// <summary>Whether ffmpeg is on the path.</summary>
    public static bool HasFfmpeg() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, Ffmpeg)));

    private static void WriteByFfmpeg(string unfinished, string path, IEnumerable<RgbImage> frames, int rate, CancellationToken cancellation)
    {
        Process? process = null;
        Task<string>? errors = null;
        int count = 0;
        try
        {
            foreach (var frame in frames)
            {
                if (cancellation.IsCancellationRequested)
                    break;
                if (process is null)
                {
                    process = Start(frame.Size, rate, unfinished, path);
                    errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
                }
                process.StandardInput.BaseStream.Write(Interleaved(frame));
                count++;
            }
        }
        catch (IOException)
        {
            // It has ended early: what it said follows. Or Ctrl-C of a terminal has reached it first.
        }
        finally
        {
            process?.StandardInput.Dispose();
        }
        if (cancellation.IsCancellationRequested)
            process?.Kill();
        else
            RequireSeveral(count);
        process?.WaitForExit();
        string said = errors?.GetAwaiter().GetResult() ?? "";
        int exitCode = process?.ExitCode ?? 0;
        process?.Dispose();
        if (cancellation.IsCancellationRequested || (exitCode == InterruptedFfmpeg && said.Length == 0))
            throw new OperationCanceledException(cancellation);
        if (exitCode != 0)
            throw new UserErrorException($"ffmpeg could not write {path}: {said.Trim().Split('\n')[^1]}; a .webp file needs no ffmpeg");
    }

    private static Process Start(ImageSize size, int rate, string unfinished, string path)
    {
        string[] arguments =
        [
            "-nostdin", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size.ToString(), "-r", rate.ToString(CultureInfo.InvariantCulture),
            "-i", "-",
            // Most players want this pixel format, which wants even sides.
            .. Path.GetExtension(path).ToUpperInvariant() is ".MP4" or ".MKV" or ".MOV" ? (string[])["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"] : [],
            "-y", unfinished,
        ];
        try
        {
            return Process.Start(new ProcessStartInfo(Ffmpeg, arguments) { RedirectStandardInput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception e)
        {
            throw new UserErrorException($"cannot start ffmpeg: {e.Message}; a .webp file needs no ffmpeg", e);
        }
    }

    private static byte[] Interleaved(RgbImage image)
    {
        int plane = image.Width * image.Height;
        var bytes = new byte[3 * plane];
        for (int i = 0; i < plane; i++)
            (bytes[3 * i], bytes[(3 * i) + 1], bytes[(3 * i) + 2]) = (image.Planes[i], image.Planes[plane + i], image.Planes[(2 * plane) + i]);
        return bytes;
    }

    /// <summary>The container of animated WebP (developers.google.com/speed/webp/docs/riff_container) around single pictures.</summary>
    private static void WriteWebP(string path, IEnumerable<RgbImage> frames, int rate, CancellationToken cancellation)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite);
        ImageSize? size = null;
        int count = 0;
        foreach (var frame in frames)
        {
            cancellation.ThrowIfCancellationRequested();
            if (size is null)
            {
                size = frame.Size;
                file.Write("RIFF\0\0\0\0WEBP"u8);
                const byte animated = 2;
                WriteChunk(file, "VP8X"u8, [animated, 0, 0, 0, .. Int24(frame.Width - 1), .. Int24(frame.Height - 1)]);
                WriteChunk(file, "ANIM"u8, [255, 255, 255, 255, 0, 0]); // background; for ever
            }
            // Frames end where the exact time rounds to, so that no error adds up.
            int duration = (int)((1000L * (count + 1) / rate) - (1000L * count / rate));
            const byte replaces = 2;
            WriteChunk(file, "ANMF"u8, [.. Int24(0), .. Int24(0), .. Int24(frame.Width - 1), .. Int24(frame.Height - 1), .. Int24(duration), replaces, .. Picture(ImageCodec.Encode(frame, ImageFormat.WebP, Quality))]);
            count++;
        }
        RequireSeveral(count);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(length, checked((uint)(file.Length - 8)));
        file.Position = 4;
        file.Write(length);
    }

    /// <summary>The chunks of a still picture that an animation takes.</summary>
    private static byte[] Picture(byte[] still)
    {
        using var chunks = new MemoryStream();
        for (int at = 12; at + 8 <= still.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(still.AsSpan(at + 4)), padded = 8 + length + (length % 2);
            if (still.AsSpan(at, 4).SequenceEqual("VP8 "u8) || still.AsSpan(at, 4).SequenceEqual("VP8L"u8))
                chunks.Write(still.AsSpan(at, Math.Min(padded, still.Length - at)));
            at += padded;
        }
        return chunks.ToArray();
    }

    private static void WriteChunk(Stream file, ReadOnlySpan<byte> name, ReadOnlySpan<byte> content)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)content.Length);
        file.Write(name);
        file.Write(length);
        file.Write(content);
        if (content.Length % 2 != 0)
            file.WriteByte(0);
    }

    private static byte[] Int24(int value) => [(byte)value, (byte)(value >> 8), (byte)(value >> 16)];

    private static void RequireSeveral(int count)
    {
        if (count < 2)
            throw new UserErrorException($"a video of {count} frame{(count == 1 ? "" : "s")}: must have at least 2");
    }
}
