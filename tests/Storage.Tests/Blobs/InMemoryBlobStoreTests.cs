using Atelier.Storage.Blobs;

namespace Atelier.Storage.Tests.Blobs;

public class InMemoryBlobStoreTests : BlobStoreConformance
{
    protected override IBlobStore Store { get; } = new InMemoryBlobStore();
}
