using System.Buffers;
using System.ComponentModel;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Atelier.Worker.Interop;

/// <summary>
/// Memory that processes of one host share. It has no name in any folder: others open it through <c>/proc</c> while its owner
/// lives, and it is freed with the last process that maps it, even if all are killed.
/// </summary>
/// <remarks>Nobody may use the memory while it is disposed.</remarks>
internal sealed unsafe class MappedMemory : MemoryManager<byte>
{
    private readonly SafeFileHandle _file;
    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _pointer;
    private readonly int _length;

    private MappedMemory(SafeFileHandle file, int bytes)
    {
        _file = file;
        _mapping = MemoryMappedFile.CreateFromFile(file, null, bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(0, bytes, MemoryMappedFileAccess.ReadWrite);
        _length = bytes;
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _pointer = pointer + _view.PointerOffset;
    }

    /// <summary>The file's number in this process, by which others open it.</summary>
    public int Descriptor => (int)_file.DangerousGetHandle();

    /// <summary>New memory, zero.</summary>
    /// <param name="name">Shown in <c>/proc/PID/maps</c>.</param>
    /// <param name="bytes">Its size.</param>
    /// <exception cref="IOException">The system gives none.</exception>
    public static MappedMemory Create(string name, int bytes)
    {
        var file = LibC.CreateMemoryFile(name, LibC.CloseOnExec);
        if (file.IsInvalid)
            throw new IOException($"shared memory cannot be had: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        RandomAccess.SetLength(file, bytes);
        return new MappedMemory(file, bytes);
    }

    /// <summary>Memory of another process.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="descriptor">The file's number there.</param>
    /// <param name="bytes">The size it must have.</param>
    /// <exception cref="IOException">The process ended, belongs to somebody else, or its file is another.</exception>
    public static MappedMemory Open(int process, int descriptor, int bytes)
    {
        var file = File.OpenHandle($"/proc/{process}/fd/{descriptor}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        // Reading beyond the end of a mapped file would end this process.
        if (RandomAccess.GetLength(file) != bytes)
        {
            file.Dispose();
            throw new IOException($"the shared memory of process {process} is not of {bytes} bytes");
        }
        return new MappedMemory(file, bytes);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(_pointer, _length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_pointer + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <summary>The address of a 32-bit word.</summary>
    /// <param name="offset">Where it lies, in bytes; a multiple of 4.</param>
    internal int* Word(int offset) => (int*)(_pointer + offset);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing || _view.SafeMemoryMappedViewHandle.IsClosed)
            return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
        _file.Dispose();
    }
}
