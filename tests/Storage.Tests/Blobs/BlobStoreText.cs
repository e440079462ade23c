using System.Text;
using Atelier.Storage.Blobs;

namespace Atelier.Storage.Tests.Blobs;

internal static class BlobStoreText
{
    public static Task PutText(this IBlobStore store, string name, string text) => store.PutBytes(name, Encoding.UTF8.GetBytes(text));

    public static Task PutBytes(this IBlobStore store, string name, byte[] bytes) =>
        store.PutAsync(name, async (stream, token) => await stream.WriteAsync(bytes, token), CancellationToken.None);

    public static async Task<byte[]> GetBytes(this IBlobStore store, string name)
    {
        await using var stream = await store.OpenReadAsync(name, CancellationToken.None);
        using var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer);
        return buffer.ToArray();
    }
}
